#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "schema/log_write.h"
#include "storage/compaction.h"
#include "storage/node_state.h"
#include "storage/retention.h"

namespace callboard::storage {

struct LogOptions {
  Durability durability = Durability::fsync;
  std::uint64_t segment_bytes = std::uint64_t{128} << 20;
  std::int64_t segment_ms = 7LL * 24 * 3600 * 1000;
};

class LogView;         // storage/log_reader.h
struct CompactionTask; // storage/compaction_job.h

// One group's log: a directory `DIR/groups/<group id>` of segments, each an LMDB
// environment in one file. Entries, the sparse offset and time index and the derived
// state go in one transaction; a full segment rolls (decision 6).
//
// Used by one thread at a time (its writer); every call blocks on the disk. Readers
// use a LogView, which is immutable and safe from any thread.
// After storage_io or corrupt_storage from a write the log refuses everything more:
// a failed fsync is never retried. storage_full may be tried again: nothing changed.
class PartitionLog {
public:
  // Opens what the manifest in `state` says, finishes an intent, checks that the
  // segments join without a hole. Files that the manifest does not know are removed.
  static Result<std::unique_ptr<PartitionLog>> open(NodeState& state, GroupId group, const std::string& directory,
                                                    const LogOptions& options, TimestampMs now);
  ~PartitionLog();
  PartitionLog(const PartitionLog&) = delete;

  // The result of opening; meant to be taken once.
  RecoveredLog take_recovered();

  // Appends `write` in one transaction; when it returns ok it is on disk as far as the
  // durability promises. Rolls before it if the active segment is full or too old.
  Status write(const LogWrite& write, TimestampMs now);

  // Forgets whole segments below `log_start`, but never the active one, and records the
  // new log start. Their unlink is background work.
  Status set_log_start(Offset log_start);

  // `interval`: what was committed since the last call reaches the disk.
  Status sync();
  bool needs_sync() const;

  // Work that a roll left behind (sync, sidecar, read-only reopening of a closed
  // segment; unlinking) and that may run later on this same thread. True if it did
  // something and there may be more.
  Result<bool> run_background_step();
  bool has_background_work() const;

  // The log is to be compacted up to `cut`, which is committed, as are the entries below
  // it; the replica's state on disk is as of a later one.
  void set_cut(const CompactionCut& cut);
  // The next pass towards the last cut, for a CompactionJob on another thread; one at a
  // time. null: nothing is to be done, or not yet. A segment that holds offsets below the
  // cut and still takes entries ends with the next write.
  std::unique_ptr<CompactionTask> begin_compaction();
  // The task under way; 0: none.
  std::uint64_t compaction_task() const;
  // The new segment takes the place of the old ones, all at once. False: the task is no
  // longer under way or they have changed; the new file goes and so does the task.
  Result<bool> install(const CompactedSegment& segment);
  // The pass is through: what it did is recorded.
  Status finish_compaction(const CompactionResult& result);
  // There will be no more from the task.
  void abandon_compaction();

  // What readers see, as of the last write. Cheap unless segments changed.
  std::shared_ptr<const LogView> view() const;
  const Manifest& manifest() const;
  ActiveExtent active_extent() const;
  // The next entries go into a new segment, so that this one can be forgotten.
  void roll_at_next_write();
  void set_options(const LogOptions& options);

  // Flushes and closes every environment.
  Status close();
  // Removes the group's files; the log is closed afterwards.
  Status destroy();

private:
  PartitionLog();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What a group's segments take on disk: the closed ones as its manifest says, the active
// one by the size of its file. For logs that are open and those that are not.
std::uint64_t disk_bytes(const std::string& directory, GroupId group, const Manifest& manifest);

} // namespace callboard::storage
