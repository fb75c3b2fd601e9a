#pragma once

#include <cstdint>

#include "schema/bytes.h"
#include "schema/ids.h"
#include "schema/time.h"

namespace callboard {

// What one Raft log entry carries. Only `batch` uses offsets.
enum class EntryType : std::uint8_t {
  batch = 1,      // a Kafka record batch, stamped
  noop = 2,       // a leader's first entry of its term
  membership = 3, // voters and learners
  log_start = 4,  // the log start moved: retention, DeleteRecords
  compaction = 5, // older records of a key may go: a CompactionCut
  gap = 6,        // in segments only: a run of batches without records, see LogEntry::span
};

// One entry of a group's Raft log: what is proposed, stored and replicated.
// `base_offset` is the offset of the batch's first record; of other entries it is
// the offset that the next batch will get, so that it never goes back.
struct LogEntry {
  RaftIndex index;
  Term term;
  EntryType type = EntryType::batch;
  Offset base_offset;
  std::int32_t offset_count = 0; // offsets used up: last offset delta + 1; 0 unless a batch
  TimestampMs max_timestamp = no_timestamp;
  SharedBytes payload;
  std::uint32_t span = 1; // indexes used up; more than 1 only by a gap

  RaftIndex next_index() const { return RaftIndex(index.value + span); }
  Offset next_offset() const { return base_offset.plus(offset_count); }
};

} // namespace callboard
