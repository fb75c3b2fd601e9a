#include "storage/compaction.h"

#include <algorithm>

namespace callboard::storage {
namespace {

// `time` + `ms`, but not more than a century from `now`: timers count nanoseconds in 64 bits.
TimestampMs later(TimestampMs time, std::int64_t ms, TimestampMs now) {
  constexpr std::int64_t century_ms = 100LL * 365 * 24 * 3600 * 1000;
  const auto latest = now + century_ms;
  return ms >= latest - time ? latest : time + ms;
}

void look_again(CompactionPlan& plan, TimestampMs at) {
  plan.next_check = std::min(plan.next_check.value_or(at), at);
}

// What was appended since the last cut and may be compacted.
struct Dirty {
  std::uint64_t bytes = 0;
  Offset end;
  TimestampMs oldest = no_timestamp; // when the first of it was begun
};

Dirty find_dirty(const Manifest& manifest, const CompactionLimits& limits, TimestampMs now, CompactionPlan& plan) {
  Dirty dirty;
  const auto& segments = manifest.segments;
  for (std::size_t i = 0; i + 1 < segments.size() && segments[i].closed; ++i) {
    const auto end = segments[i + 1].base_offset;
    if (end <= manifest.compacted.upto) continue;
    const auto newest = segments[i].max_timestamp == no_timestamp ? segments[i].created_at : segments[i].max_timestamp;
    const auto ripe = later(newest, limits.lag_ms_min, now);
    if (limits.lag_ms_min > 0 && ripe > now) {
      look_again(plan, ripe);
      break;
    }
    if (dirty.oldest == no_timestamp) dirty.oldest = segments[i].created_at;
    dirty.bytes += segments[i].payload_bytes;
    dirty.end = end;
  }
  return dirty;
}

bool worth_it(const Dirty& dirty, std::uint64_t clean_bytes, const CompactionLimits& limits, TimestampMs now,
              CompactionPlan& plan) {
  if (dirty.bytes == 0) return false;
  const auto ratio = static_cast<double>(dirty.bytes) / static_cast<double>(dirty.bytes + clean_bytes);
  if (ratio > limits.dirty_ratio_min) return true;
  const auto overdue = later(dirty.oldest, limits.lag_ms_max, now);
  if (overdue <= now) return true;
  if (limits.lag_ms_max < std::numeric_limits<std::int64_t>::max()) look_again(plan, overdue);
  return false;
}

// The tombstones that the last cut left may go by now.
bool tombstones_due(const Manifest& manifest, const CompactionLimits& limits, TimestampMs now, CompactionPlan& plan) {
  const auto& last = manifest.compacted;
  const bool any = std::any_of(manifest.segments.begin(), manifest.segments.end(),
                               [](const SegmentInfo& segment) { return segment.tombstones > 0; });
  if (!any || last.tombstones_below >= last.upto) return false;
  const auto due = later(last.time, limits.delete_retention_ms, now);
  if (due > now) look_again(plan, due);
  return due <= now;
}

} // namespace

CompactionPlan plan_compaction(const Manifest& manifest, const CompactionLimits& limits, TimestampMs now) {
  CompactionPlan plan;
  if (!limits.enabled) return plan;
  std::uint64_t clean_bytes = 0;
  for (std::size_t i = 0; i + 1 < manifest.segments.size(); ++i) {
    if (manifest.segments[i + 1].base_offset <= manifest.compacted.upto)
      clean_bytes += manifest.segments[i].payload_bytes;
  }
  const auto dirty = find_dirty(manifest, limits, now, plan);
  if (worth_it(dirty, clean_bytes, limits, now, plan)) {
    plan.upto = dirty.end;
  } else if (tombstones_due(manifest, limits, now, plan)) {
    plan.upto = manifest.compacted.upto;
  }
  return plan;
}

} // namespace callboard::storage
