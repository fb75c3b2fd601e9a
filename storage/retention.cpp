#include "storage/retention.h"

#include <algorithm>

namespace callboard::storage {
namespace {

// A segment without timestamps ages from when it was created.
TimestampMs newest_of(const SegmentInfo& segment) {
  return segment.max_timestamp == no_timestamp ? segment.created_at : segment.max_timestamp;
}

} // namespace

RetentionPlan plan_retention(const Manifest& manifest, std::uint64_t active_payload_bytes,
                             const RetentionLimits& limits, TimestampMs now) {
  RetentionPlan plan;
  const auto& segments = manifest.segments;
  std::uint64_t remaining = active_payload_bytes;
  for (const auto& segment : segments) remaining += segment.payload_bytes;
  for (std::size_t i = 0; i + 1 < segments.size() && segments[i].closed; ++i) {
    const auto& segment = segments[i];
    remaining -= segment.payload_bytes;
    const bool too_large =
        limits.retention_bytes >= 0 && remaining >= static_cast<std::uint64_t>(limits.retention_bytes);
    const bool too_old = limits.retention_ms >= 0 && now - newest_of(segment) > limits.retention_ms;
    if (!too_large && !too_old) {
      if (limits.retention_ms >= 0) plan.next_check = newest_of(segment) + limits.retention_ms + 1;
      break;
    }
    const auto end = segments[i + 1].base_offset;
    if (end > manifest.log_start) plan.log_start = end;
  }
  return plan;
}

} // namespace callboard::storage
