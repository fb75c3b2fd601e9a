#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "storage/node_state.h"

namespace callboard::storage {

class ClosedSegment; // storage/closed_segment.h

// Kafka's configuration of a compacted topic. Ages are those of a segment's newest record
// (`lag_ms_min`, as in Kafka) and of the time since it was begun (`lag_ms_max`: the bound
// holds for records that claim to be new, too).
struct CompactionLimits {
  bool enabled = false;                                               // cleanup.policy has compact
  double dirty_ratio_min = 0.5;                                       // min.cleanable.dirty.ratio
  std::int64_t lag_ms_min = 0;                                        // min.compaction.lag.ms
  std::int64_t lag_ms_max = std::numeric_limits<std::int64_t>::max(); // max.compaction.lag.ms
  std::int64_t delete_retention_ms = 24LL * 3600 * 1000;              // delete.retention.ms
};

struct CompactionPlan {
  // Worth a cut: everything below.
  std::optional<Offset> upto;
  // When to look again because of time; nullopt: only after the next roll.
  std::optional<TimestampMs> next_check;
};

// What a leader should propose. Pure. As Kafka: closed segments whose newest record is old
// enough are cleanable; they are worth it when they make up more than `dirty_ratio_min` of
// the log up to there, or one of them waits for longer than `lag_ms_max`. And again when
// the tombstones that the last cut left have been there for `delete_retention_ms`.
CompactionPlan plan_compaction(const Manifest& manifest, const CompactionLimits& limits, TimestampMs now);

// A new segment, durable, in place of those that it was made of.
struct CompactedSegment {
  std::uint64_t task = 0;
  std::vector<SegmentId> replaces; // next to each other
  SegmentInfo info;
  std::shared_ptr<ClosedSegment> segment;
};

// The pass is through.
struct CompactionResult {
  std::uint64_t task = 0;
  CompactionCut done; // its `upto` is less than the cut's if not all keys found room
  // Of segments that stay as they are.
  std::vector<std::pair<SegmentId, std::uint64_t>> tombstones;
};

} // namespace callboard::storage
