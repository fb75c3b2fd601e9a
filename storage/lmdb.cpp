#include "storage/lmdb.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "storage/file.h"

namespace callboard::storage {
namespace {

constexpr std::size_t page_bytes = 4096;
constexpr off_t lock_bytes = 2 * page_bytes; // what LMDB's default of 126 readers takes

void on_assertion(MDB_env*, const char*) {
  abandon_guarded();
}

ErrorCode code_of(int code) {
  switch (code) {
  case MDB_MAP_FULL: return ErrorCode::storage_full;
  case MDB_PAGE_NOTFOUND:
  case MDB_CORRUPTED:
  case MDB_VERSION_MISMATCH:
  case MDB_INVALID:
  case MDB_CURSOR_FULL:
  case MDB_INCOMPATIBLE:
  case MDB_NOTFOUND:
  case MDB_BAD_TXN:
  case MDB_BAD_VALSIZE:
  case MDB_BAD_DBI:
  case env_faulted: return ErrorCode::corrupt_storage;
  default: return ErrorCode::storage_io; // the operating system's errors, and MDB_PANIC after one of them
  }
}

// LMDB writes its lock file through a mapping, and makes it by setting its length: on a full disk
// there would be nothing under the mapping, and the first write to it would end the process.
Status make_room_for_lock(const std::string& path) {
  auto file = File::open(path, O_RDWR | O_CREAT);
  if (!file) return file.error();
  const auto had = file->size();
  const int code = ::posix_fallocate(file->fd(), 0, lock_bytes);
  if (code == 0) return ok_status();
  if (had && *had == 0) static_cast<void>(remove_file(path)); // made above
  return io_error(code, "make room for", path);
}

} // namespace

Error Env::error(int code, std::string_view doing) const {
  if (code > 0) return io_error(code, doing, path_);
  const char* why = code == env_faulted ? "its pages are damaged or the file was cut" : mdb_strerror(code);
  return {code_of(code), "cannot " + std::string(doing) + " " + path_ + ": " + why};
}

Result<std::shared_ptr<Env>> Env::open(const Options& options) {
  std::shared_ptr<Env> env(new Env(options.path));
  if (const int code = mdb_env_create(&env->env_)) return env->error(code, "open");
  mdb_env_set_assert(env->env_, on_assertion);
  mdb_env_set_maxdbs(env->env_, options.tables);
  env->map_bytes_ = (options.map_bytes + page_bytes - 1) / page_bytes * page_bytes;
  mdb_env_set_mapsize(env->env_, env->map_bytes_);
  if (auto room = make_room_for_lock(options.path + "-lock"); !room) return room.error();
  const unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD | (options.sync ? 0U : unsigned{MDB_NOSYNC});
  const int code = env->run([&] { return mdb_env_open(env->env_, options.path.c_str(), flags, 0600); });
  if (code != 0) return env->error(code, "open");
  MDB_envinfo info;
  mdb_env_info(env->env_, &info);
  env->map_bytes_ = info.me_mapsize;
  return env;
}

Env::~Env() {
  if (env_ != nullptr && !poisoned()) mdb_env_close(env_);
}

Status Env::sync() {
  if (const int code = run([&] { return mdb_env_sync(env_, 1); })) {
    auto failed = error(code, "sync");
    failed.code = ErrorCode::storage_io;
    return failed;
  }
  return ok_status();
}

Status Env::set_sync(bool sync) {
  if (const int code = run([&] { return mdb_env_set_flags(env_, MDB_NOSYNC, sync ? 0 : 1); }))
    return error(code, "configure");
  return ok_status();
}

Status Env::grow() {
  const auto wanted = 2 * map_bytes_;
  if (const int code = run([&] { return mdb_env_set_mapsize(env_, wanted); })) return error(code, "map more of");
  map_base_.store(nullptr, std::memory_order_relaxed);
  map_bytes_ = wanted;
  return ok_status();
}

// A page starts with its own number, and pages lie in the map in their order.
void Env::locate_map(const MDB_val& value) {
  const auto at = reinterpret_cast<std::uintptr_t>(value.mv_data) / page_bytes * page_bytes;
  std::uint64_t page = 0;
  std::memcpy(&page, reinterpret_cast<const void*>(at), sizeof page);
  map_base_.store(reinterpret_cast<const std::uint8_t*>(at - page * page_bytes), std::memory_order_relaxed);
}

Txn::Txn(Env& env, Kind kind) : env_(env) {
  const unsigned flags = kind == Kind::read ? unsigned{MDB_RDONLY} : 0U;
  begun_ = env_.run([&] { return mdb_txn_begin(env_.raw(), nullptr, flags, &txn_); });
  if (begun_ != 0) txn_ = nullptr;
}

Txn::~Txn() {
  if (txn_ != nullptr)
    env_.run([&] {
      mdb_txn_abort(txn_);
      return 0;
    });
}

int Txn::open_table(const char* name, unsigned flags, MDB_dbi& table) {
  return env_.run([&] { return mdb_dbi_open(txn_, name, flags, &table); });
}

int Txn::get(MDB_dbi table, ByteView key, MDB_val& value) {
  auto k = val_of(key);
  return env_.run([&] { return mdb_get(txn_, table, &k, &value); });
}

int Txn::put(MDB_dbi table, ByteView key, ByteView value, unsigned flags) {
  auto k = val_of(key);
  auto v = val_of(value);
  return env_.run([&] { return mdb_put(txn_, table, &k, &v, flags); });
}

int Txn::reserve(MDB_dbi table, ByteView key, std::size_t bytes, unsigned flags, std::uint8_t*& room) {
  auto k = val_of(key);
  MDB_val v{bytes, nullptr};
  const int code = env_.run([&] { return mdb_put(txn_, table, &k, &v, flags | MDB_RESERVE); });
  room = static_cast<std::uint8_t*>(v.mv_data);
  return code;
}

int Txn::remove(MDB_dbi table, ByteView key) {
  auto k = val_of(key);
  const int code = env_.run([&] { return mdb_del(txn_, table, &k, nullptr); });
  return code == MDB_NOTFOUND ? 0 : code;
}

int Txn::commit() {
  auto* txn = std::exchange(txn_, nullptr);
  return env_.run([&] { return mdb_txn_commit(txn); });
}

Cursor::Cursor(Txn& txn, MDB_dbi table) : txn_(txn) {
  opened_ = env().run([&] { return mdb_cursor_open(txn_.raw(), table, &cursor_); });
  if (opened_ != 0) cursor_ = nullptr;
}

Cursor::~Cursor() {
  if (cursor_ != nullptr && !env().poisoned()) mdb_cursor_close(cursor_);
}

int Cursor::get(MDB_cursor_op op) {
  if (opened_ != 0) return opened_;
  return env().run([&] { return mdb_cursor_get(cursor_, &key_, &value_, op); });
}

int Cursor::seek_at_least(ByteView key) {
  if (opened_ != 0) return opened_;
  key_ = val_of(key);
  return env().run([&] { return mdb_cursor_get(cursor_, &key_, &value_, MDB_SET_RANGE); });
}

int Cursor::remove() {
  return env().run([&] { return mdb_cursor_del(cursor_, 0); });
}

} // namespace callboard::storage
