#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "schema/record_batch.h"
#include "storage/closed_segment.h"
#include "storage/compaction.h"
#include "storage/entry_walker.h"
#include "storage/key_offsets.h"
#include "storage/segment.h"
#include "storage/segment_closer.h"

namespace callboard::storage {

// One pass over a log: what it reads and what it may remove.
struct CompactionTask {
  struct Part {
    SegmentInfo info;
    std::shared_ptr<const ClosedSegment> segment;
  };
  GroupId group;
  std::uint64_t number = 0; // of the task, within its log
  std::string directory;    // of the group
  std::vector<Part> parts;  // all segments with offsets below the cut
  Offset end;               // where the last of them ends
  Offset clean;             // below it an earlier cut has left one record of each key
  CompactionCut cut;
  SegmentOptions options; // of the segments to be written
  SegmentId first_id;     // for them: as many ids from here on as there are parts
};

// Does a task, a piece at a time, on any one thread: it reads closed segments, which do not
// change, and writes files that no manifest names yet. First it walks all of it for the
// newest offset of each key (and for the last batch of each producer), as far as the keys
// find room; then it writes what stays, several small segments into one:
//
//   entries keep index, term and offsets; a batch keeps its header as long as a record of
//   it stays, or it is the last of its producer or of the new segment (a consumer must get
//   past it); what is left of the others is gaps (gap.h).
//
// A single segment that would lose nothing is not written anew. Where a run stops, the
// order of work lets it: older values of a key go before its tombstone does.
class CompactionJob {
public:
  static constexpr std::size_t producers_max = 65536;

  // Keys take `key_bytes_max`; `seed`: see KeyOffsets.
  CompactionJob(CompactionTask task, std::size_t key_bytes_max, std::uint64_t seed);
  // Removes what is not finished.
  ~CompactionJob();
  CompactionJob(const CompactionJob&) = delete;

  enum class Step : std::uint8_t {
    more,    // call again
    segment, // there is a segment() to take; call again
    done,    // there is a result() to take
  };
  // Some milliseconds of work. Errors: corrupt_storage, storage_full, storage_io,
  // not_leader_or_follower if a segment is gone meanwhile; the job is over then.
  Result<Step> step();
  CompactedSegment take_segment() { return std::move(finished_); }
  CompactionResult take_result() { return std::move(result_); }
  const CompactionTask& task() const { return task_; }

private:
  enum class Stage : std::uint8_t { keys, group, scan, rewrite, close };
  // A range of parts that become one segment.
  struct Group {
    std::size_t first = 0;
    std::size_t end = 0;
  };

  Result<Step> advance();
  Status read_keys();
  Result<bool> note_batch();
  Result<Step> next_group();
  Result<Step> scan();
  Status start_rewrite();
  Status rewrite();
  Status rewrite_entry();
  Result<Step> close();

  Status open_part(std::size_t part);
  // The next entry of the parts up to `end`; false: there is none.
  Result<bool> next_entry(std::size_t end);
  bool stays(const RecordView& record);
  Result<bool> header_stays();
  Status put(LogEntry entry);
  Status put_gap(const LogEntry& gap);
  Status flush_gap();
  Status flush();
  void discard();

  CompactionTask task_;
  KeyOffsets keys_;
  std::unordered_map<std::int64_t, RaftIndex> producers_; // their last batches
  bool producers_full_ = false;
  Offset pass_end_; // records at and above it stay
  Stage stage_ = Stage::keys;

  std::size_t part_ = 0; // where the walk is
  std::unique_ptr<SegmentSnapshot> snapshot_;
  std::optional<EntryWalker> walker_;

  Group group_;
  std::uint64_t tombstones_ = 0; // kept in the group so far
  std::size_t written_ = 0;      // new segments
  SegmentInfo info_;             // of the one being written
  std::string path_;
  std::shared_ptr<ActiveSegment> segment_;
  std::optional<SegmentCloser> closer_;
  LogWrite write_;
  std::size_t write_bytes_ = 0;
  std::optional<LogEntry> gap_;
  CompactedSegment finished_;
  CompactionResult result_;
};

} // namespace callboard::storage
