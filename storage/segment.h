#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schema/log_write.h"
#include "storage/entry_walker.h"
#include "storage/lmdb.h"
#include "storage/node_state.h"
#include "storage/page_tree.h"

namespace callboard::storage {

// The file of a segment in the directory of its group.
std::string segment_path(const std::string& group_directory, SegmentId id);

// A segment that can be read, from any thread: the active one or a closed one.
class Segment {
public:
  explicit Segment(std::string path) : path_(std::move(path)) {}
  virtual ~Segment() = default;
  Segment(const Segment&) = delete;

  virtual Result<std::unique_ptr<SegmentSnapshot>> snapshot() const = 0;
  // Asked after reading: an error if what was read may have changed meanwhile, and
  // what looked like damage may be none.
  virtual Status still_valid() const;
  // Its place is about to be taken by another object for the same file.
  void retire() { retired_.store(true); }
  // The log has forgotten it: its file is about to go, and not to find it is no damage.
  void forget() { forgotten_.store(true); }
  // Asked when reading failed: an error if it was forgotten.
  Status still_kept() const;
  const std::string& path() const { return path_; }

private:
  std::string path_;
  std::atomic<bool> retired_{false};
  std::atomic<bool> forgotten_{false};
};

// What a segment holds, known without walking all of it.
struct SegmentTail {
  RaftIndex next_index;
  Offset next_offset;
  Term last_term; // 0: no entries
  TimestampMs max_timestamp = no_timestamp;
  std::uint64_t payload_bytes = 0;   // of batches
  std::uint64_t unindexed_bytes = 0; // of them, since the last index row
  bool indexed = false;              // there is an index row

  // Counts `entry` in; true if it is to get an index row.
  bool add(const LogEntry& entry, std::size_t payload_bytes);
};

// Rows of the state table as they are stored: keys with their prefix, values with CRC.
using RawRows = std::vector<std::pair<std::string, std::string>>;

struct SegmentOptions {
  Durability durability = Durability::fsync;
  std::uint64_t segment_bytes = 0; // the map is sized for it
  std::uint64_t boots = 0;         // unclean boots of the node, see SegmentMark
};

// The writable segment at the end of a log: an LMDB environment in one file. Written by
// one thread; snapshots are for any thread and short, since they hold back the reuse of
// free pages. Opening it checks every page that LMDB may touch, and the last entry.
class ActiveSegment final : public Segment {
public:
  // A new file with `state` and the entries and rows of `first`, one commit, synced with
  // its directory. Whatever stood at `path` is replaced.
  static Result<std::shared_ptr<ActiveSegment>> create(const std::string& path, GroupId group, const SegmentInfo& info,
                                                       const SegmentOptions& options, const RawRows& state,
                                                       const LogWrite& first);
  // Also gives the state rows. Not for a segment that must be rebuilt (segment_check.h).
  // Errors: corrupt_storage, newer_format (the file is untouched), storage_io.
  struct Opened {
    std::shared_ptr<ActiveSegment> segment;
    RawRows state;
  };
  static Result<Opened> open(const std::string& path, GroupId group, const SegmentInfo& info,
                             const SegmentOptions& options);
  ~ActiveSegment() override;

  // One transaction. False: it does not fit, nothing changed; roll.
  Result<bool> write(const LogWrite& write);
  // Entries from `from` on go, and the state becomes `state`; one synced commit. For a
  // truncation that reaches back over a roll.
  Status rewind(RaftIndex from, const RawRows& state);
  // `interval`: flushes, and what is flushed survives a power cut from now on.
  Status checkpoint();
  // Flushes for good: there will be no more commits without sync unless a checkpoint
  // comes before them.
  Status settle();
  Status set_durability(Durability durability);
  // A failed write left LMDB unusable: what is on disk is right, open it anew.
  bool broken() const;
  const SegmentInfo& info() const { return info_; }

  Result<std::unique_ptr<SegmentSnapshot>> snapshot() const override;
  Status still_valid() const override;
  Result<RawRows> state() const;
  const SegmentTail& tail() const { return tail_; }

private:
  ActiveSegment(std::string path, GroupId group, const SegmentInfo& info, const SegmentOptions& options);
  Status attach();
  Status open_env(std::uint64_t map_bytes_min, Durability durability);
  int open_tables(Txn& txn, unsigned flags);
  Status fill(const RawRows& state, const LogWrite& first);
  Result<bool> stage(Txn& txn, const LogWrite& write, SegmentTail& tail);
  int append(Txn& txn, const std::vector<LogEntry>& entries, SegmentTail& tail);
  int index_row(Txn& txn, const LogEntry& entry, const SegmentTail& before);
  int put_state(Txn& txn, const LogWrite& write);
  int replace_state(Txn& txn, const RawRows& rows);
  int put_header(Txn& txn);
  Status truncate(Txn& txn, RaftIndex from, SegmentTail& tail);
  Status cut_row(Txn& txn, RaftIndex from);
  enum class LastEntry : std::uint8_t { check_payload, trust };
  Result<SegmentTail> read_tail(SegmentSnapshot& snapshot, LastEntry last) const;
  Error write_error(int code, std::size_t bytes) const;

  GroupId group_;
  SegmentInfo info_;
  SegmentOptions options_;
  std::shared_ptr<Env> env_;
  MDB_dbi entries_ = 0;
  MDB_dbi index_ = 0;
  MDB_dbi state_ = 0;
  SegmentTail tail_;
  std::unique_ptr<Txn> pin_; // reads as of the mark, so that its pages stay; null: none
};

// The replica's rows and the applied index out of raw rows, whose CRCs are known to hold.
struct AppliedState {
  RaftIndex applied;
  std::vector<StateRow> rows;
};
AppliedState applied_state(const RawRows& raw);

} // namespace callboard::storage
