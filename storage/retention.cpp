#include "storage/retention.h"

#include <algorithm>

namespace callboard::storage {
namespace {

// A segment without timestamps ages from when it was created.
TimestampMs newest_of(const SegmentInfo& segment, TimestampMs max_timestamp) {
  return max_timestamp == no_timestamp ? segment.created_at : max_timestamp;
}

// When what is `newest` gets too old. Producers' clocks and limits may say anything, but
// timers count nanoseconds in 64 bits.
TimestampMs look_again(TimestampMs newest, std::int64_t retention_ms, TimestampMs now) {
  constexpr std::int64_t century_ms = 100LL * 365 * 24 * 3600 * 1000;
  const auto latest = now + century_ms;
  return retention_ms >= latest - newest ? latest : newest + retention_ms + 1;
}

void plan_active(RetentionPlan& plan, const Manifest& manifest, const std::optional<ActiveExtent>& active,
                 std::int64_t retention_ms, TimestampMs now) {
  if (retention_ms < 0) return;
  const auto& segment = manifest.segments.back();
  auto newest = segment.created_at;
  if (active) {
    const bool empty = active->payload_bytes == 0 || active->next_offset <= manifest.log_start;
    newest = empty ? now : newest_of(segment, active->max_timestamp); // what comes is newer
  }
  if (active && now - newest > retention_ms) {
    plan.log_start = active->next_offset;
    plan.active_expired = true;
  } else {
    plan.next_check = look_again(newest, retention_ms, now);
  }
}

} // namespace

RetentionPlan plan_retention(const Manifest& manifest, const std::optional<ActiveExtent>& active,
                             const RetentionLimits& limits, TimestampMs now) {
  RetentionPlan plan;
  const auto& segments = manifest.segments;
  std::uint64_t remaining = active ? active->payload_bytes : 0;
  for (const auto& segment : segments) remaining += segment.payload_bytes;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto& segment = segments[i];
    if (i + 1 == segments.size()) {
      plan_active(plan, manifest, active, limits.retention_ms, now);
      break;
    }
    if (!segment.closed) break;
    remaining -= segment.payload_bytes;
    const auto newest = newest_of(segment, segment.max_timestamp);
    const bool too_large =
        limits.retention_bytes >= 0 && remaining >= static_cast<std::uint64_t>(limits.retention_bytes);
    const bool too_old = limits.retention_ms >= 0 && now - newest > limits.retention_ms;
    if (!too_large && !too_old) {
      if (limits.retention_ms >= 0) plan.next_check = look_again(newest, limits.retention_ms, now);
      break;
    }
    const auto end = segments[i + 1].base_offset;
    if (end > manifest.log_start) plan.log_start = end;
  }
  return plan;
}

} // namespace callboard::storage
