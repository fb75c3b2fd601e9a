#pragma once

#include <memory>
#include <vector>

#include "schema/log_entry.h"
#include "schema/result.h"
#include "storage/node_state.h"

namespace callboard::storage {

class Segment; // storage/segment.h

// A position found by time.
struct TimestampHit {
  Offset offset = unknown_offset; // of the first record at or after the time; -1: none
  TimestampMs timestamp = no_timestamp;
};

struct ReadLimits {
  Offset upper;              // batches at or past it are not returned (high watermark)
  std::size_t bytes_max = 0; // soft: the first batch is returned whole
  bool at_least_one = true;  // even when larger than bytes_max
};

// The segments of a log as of one moment: immutable, kept alive by reference count,
// safe from any thread, blocks on the disk (so: cold readers, never a KJ loop).
// Slices of closed segments point into the map and keep it alive; what lies in the
// active segment is copied out, so that no reader pins its free pages.
// Damage anywhere is corrupt_storage and fences the caller's replica, not the node.
class LogView {
public:
  virtual ~LogView() = default;

  // Batches from the one that holds `from` on, in order, back to back.
  // Error: offset_out_of_range below the view's start.
  virtual Result<std::vector<SharedBytes>> read_offsets(Offset from, const ReadLimits& limits) const = 0;

  // Entries from index `from` on, at most `bytes_max` of payload but at least one.
  virtual Result<std::vector<LogEntry>> read_entries(RaftIndex from, RaftIndex last, std::size_t bytes_max) const = 0;

  // The first record whose timestamp is >= `time`, below `upper`. Walks the records of
  // one batch unless it is compressed (then: the batch's first offset).
  virtual Result<TimestampHit> find_time(TimestampMs time, Offset upper) const = 0;
  // The largest timestamp and where it is (ListOffsets -3, KIP-734).
  virtual Result<TimestampHit> find_max_time(Offset upper) const = 0;
};

// A segment as a view sees it: what the manifest says, and the pages.
struct ViewPart {
  SegmentInfo info;
  std::shared_ptr<const Segment> segment;
};

// `parts` oldest first, joining without a hole.
std::shared_ptr<const LogView> make_log_view(GroupId group, Offset log_start, std::vector<ViewPart> parts);

} // namespace callboard::storage
