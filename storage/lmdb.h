#pragma once

#include <lmdb.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "schema/bytes.h"
#include "schema/result.h"
#include "storage/mapped_guard.h"

namespace callboard::storage {

// What a call gives when the map faulted or LMDB asserted under it.
inline constexpr int env_faulted = -31000;

inline MDB_val val_of(ByteView bytes) {
  return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())};
}
inline ByteView view_of(const MDB_val& value) {
  return {static_cast<const std::uint8_t*>(value.mv_data), value.mv_size};
}

// One LMDB environment in one file (MDB_NOSUBDIR), writable, MDB_NOTLS. Never
// MDB_WRITEMAP: a stray write must not reach the disk. Calls into LMDB are guarded; an
// environment that faulted is poisoned: refused from then on and leaked at the end,
// since neither its locks nor its heap can be trusted. Whoever opens an existing file
// checks its pages first (page_tree.h): LMDB itself trusts every byte.
class Env {
public:
  struct Options {
    std::string path;
    std::size_t map_bytes = 0;
    unsigned tables = 3;
    bool sync = true; // every commit reaches the disk before it returns
  };
  static Result<std::shared_ptr<Env>> open(const Options& options);
  ~Env();
  Env(const Env&) = delete;

  // Flushes what commits without sync left in the page cache.
  Status sync();
  Status set_sync(bool sync);
  // Doubles the map; no transaction may be open. Then locate_map() again.
  Status grow();
  // Must be told once, by any value that lies in a leaf page: where the map is, so that
  // faults inside it can be told from others.
  void locate_map(const MDB_val& value);

  bool poisoned() const { return poisoned_.load(std::memory_order_relaxed); }
  const std::string& path() const { return path_; }
  MDB_env* raw() const { return env_; }
  // The sentence for a failed call: "cannot `doing` PATH: why".
  Error error(int code, std::string_view doing) const;

  // Runs `call` (returning LMDB's int) under the guard.
  template <class Call>
  int run(Call&& call) {
    if (poisoned()) return env_faulted;
    int code = env_faulted;
    if (!guarded(map(), [&] { code = call(); })) poisoned_.store(true, std::memory_order_relaxed);
    return poisoned() ? env_faulted : code;
  }
  // memcpy out of the map.
  int copy(void* to, ByteView from) {
    return run([&] {
      std::memcpy(to, from.data(), from.size());
      return 0;
    });
  }

private:
  MapRange map() const { return {map_base_.load(std::memory_order_relaxed), map_bytes_}; }
  explicit Env(std::string path) : path_(std::move(path)) {}

  std::string path_;
  MDB_env* env_ = nullptr;
  std::size_t map_bytes_ = 0;
  std::atomic<const std::uint8_t*> map_base_{nullptr};
  std::atomic<bool> poisoned_{false};
};

// One transaction; aborts unless committed. Belongs to the thread that began it if it
// writes. Every call gives LMDB's code, for Env::error().
class Txn {
public:
  enum class Kind { read, write };
  Txn(Env& env, Kind kind);
  ~Txn();
  Txn(const Txn&) = delete;

  int begun() const { return begun_; }
  int open_table(const char* name, unsigned flags, MDB_dbi& table);
  int get(MDB_dbi table, ByteView key, MDB_val& value);
  int put(MDB_dbi table, ByteView key, ByteView value, unsigned flags = 0);
  // Room for `bytes`, to be filled before the next call: the only copy of a payload.
  int reserve(MDB_dbi table, ByteView key, std::size_t bytes, unsigned flags, std::uint8_t*& room);
  // Removing what is not there is fine.
  int remove(MDB_dbi table, ByteView key);
  int commit();

  Env& env() { return env_; }
  MDB_txn* raw() const { return txn_; }

private:
  Env& env_;
  MDB_txn* txn_ = nullptr;
  int begun_;
};

// A position in one table; ends before its transaction does.
class Cursor {
public:
  Cursor(Txn& txn, MDB_dbi table);
  ~Cursor();
  Cursor(const Cursor&) = delete;

  // MDB_NOTFOUND: no such row.
  int get(MDB_cursor_op op);
  int seek_at_least(ByteView key);
  int remove();

  ByteView key() const { return view_of(key_); }
  ByteView value() const { return view_of(value_); }
  Env& env() { return txn_.env(); }

private:
  Txn& txn_;
  MDB_cursor* cursor_ = nullptr;
  int opened_;
  MDB_val key_{};
  MDB_val value_{};
};

} // namespace callboard::storage
