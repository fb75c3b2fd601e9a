#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "schema/log_write.h"
#include "schema/result.h"

namespace callboard::storage {

// One group's log in RAM: takes the same writes as PartitionLog, refuses the same ones,
// and recovers to the same RecoveredLog. What was written is durable by definition; who
// wants to lose or to fail a write does so before it gets here (tests/simulation/disk.h).
//
// Segments are only where they begin, since that decides what retention may let go.
class MemoryLog {
public:
  struct Segment {
    RaftIndex first_index;
    Offset base_offset;
    std::uint64_t payload_bytes = 0; // of its batches
  };

  explicit MemoryLog(std::uint64_t segment_bytes) : segment_bytes_(segment_bytes) {}

  // All of it or, with an error, nothing. Errors: invalid_argument, the write does not
  // continue this log.
  Status write(const LogWrite& write);
  // Whole segments below `log_start` are forgotten, the active one never.
  void set_log_start(Offset log_start);
  // The next entries go into a new segment, so that this one can be forgotten.
  void roll_at_next_write() { roll_wanted_ = true; }
  // What opening it finds.
  RecoveredLog recover() const;

  RaftIndex first_index() const;
  RaftIndex last_index() const { return next_index().prev(); }
  // Of the first entry kept.
  Offset first_offset() const { return segments_.empty() ? Offset{} : segments_.front().base_offset; }
  Offset log_start() const { return log_start_; }
  Offset next_offset() const { return next_offset_; }
  const std::deque<Segment>& segments() const { return segments_; }
  // nullptr: not in this log.
  const LogEntry* find(RaftIndex index) const;

  // As LogView::read_entries(); none if `from` is not there.
  std::vector<LogEntry> read_entries(RaftIndex from, RaftIndex last, std::size_t bytes_max) const;
  // Batches from the one that holds `from`, below `upper`, at most `bytes_max` but one at
  // least; none if `from` is not there or below the log start.
  std::vector<SharedBytes> read_offsets(Offset from, Offset upper, std::size_t bytes_max) const;

private:
  RaftIndex next_index() const;
  void reset(const LogReset& reset);
  // True if there was something to remove from the active segment.
  bool truncate(RaftIndex from);
  void remove_last();
  void begin_segment(const LogWrite& write);
  bool must_roll(const LogWrite& write) const;
  void put_state(const LogWrite& write);

  std::uint64_t segment_bytes_;
  std::deque<Segment> segments_; // none before the first write
  std::deque<LogEntry> entries_; // from the first segment's first index on
  Offset next_offset_;
  Offset log_start_;
  std::map<std::string, std::string> rows_;
  RaftIndex applied_;
  bool roll_wanted_ = false;
};

} // namespace callboard::storage
