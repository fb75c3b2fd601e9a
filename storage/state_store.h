#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/ids.h"
#include "schema/log_write.h"
#include "schema/result.h"

namespace callboard::storage {

inline constexpr std::size_t state_key_bytes_max = 511; // LMDB's

// A stretch of rows in key order; every row has a value.
struct StateScan {
  std::vector<StateRow> rows;
  bool more = false; // there are rows behind the last one
};

// What the log of an internal partition amounts to: key -> value, and the index up to
// which the log is in it (decision 10). One LMDB environment, in the directory of the
// group's log: `DIR/groups/GROUP/state.mdb`. The log may be trimmed up to what is
// flushed; a start applies the entries behind it again.
//
//   apply() --> overlay in memory, newest wins --> flush() --> one synced transaction
//                        ^                                            |
//   get() scan() look ---+---------------- and then here -------------+
//
// So the file always is the state as of one applied index, whenever the process or the
// machine ends. Used by one thread at a time; flush() and reads block on the disk.
class StateStore {
public:
  // `directory` is the node's. Makes nothing: the file comes with the first flush.
  // Every page and row of an existing one is checked. Errors: corrupt_storage (damaged,
  // or not this group's), newer_format (the file is untouched), storage_io.
  static Result<std::unique_ptr<StateStore>> open(const std::string& directory, GroupId group);
  // An empty one beside the group's, for another replica's rows: put() them, complete() it,
  // close the group's own and let it take_place(). A crash leaves the old one or the new;
  // what is half done is removed with the next open().
  static Result<std::unique_ptr<StateStore>> begin_replacement(const std::string& directory, GroupId group);
  Status put(std::vector<StateRow> rows);
  // On disk, as of the entry at `index`. Errors as flush().
  Status complete(RaftIndex index, Offset next_offset);
  // Durable; this object is of no further use then.
  Status take_place();
  ~StateStore();
  StateStore(const StateStore&) = delete;

  // Rows as of the entry at `index`, which is newer than all before; the next batch has
  // `next_offset`. Nothing of it is taken on an error: invalid_argument (a key that is
  // empty or too long), storage_full (64 MiB wait because flushes fail).
  Status apply(std::vector<StateRow> rows, RaftIndex index, Offset next_offset);
  // Everything applied reaches the disk. storage_full may be tried again: nothing
  // changed. After any other error there is no further flush; reads go on.
  Status flush();

  // nullopt: no such row. Error: corrupt_storage.
  Result<std::optional<std::string>> get(std::string_view key) const;
  // Rows whose keys start with `prefix` and lie behind `after` (empty: from the first),
  // at most `limit` of them and some `bytes_max`, but at least one. Error: corrupt_storage.
  static constexpr std::size_t scan_bytes_max = std::size_t{8} << 20;
  Result<StateScan> scan(std::string_view prefix, std::string_view after, std::size_t limit,
                         std::size_t bytes_max = scan_bytes_max) const;

  // As applied; as flushed.
  RaftIndex applied() const;
  Offset next_offset() const;
  RaftIndex flushed() const;
  Offset flushed_offset() const;
  bool dirty() const { return applied() != flushed(); }
  std::size_t overlay_bytes() const; // keys and values that a flush would write

  // A copy of what is flushed as a file of its own, durable, in place of what is at
  // `path`. Error: invalid_argument before the first flush, storage_full, storage_io.
  Status copy_to(const std::string& path) const;
  // Removes a state that is not open, if there is one, whatever it looks like; and the
  // directory if nothing else is in it.
  static Status remove(const std::string& directory, GroupId group);

private:
  StateStore();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace callboard::storage
