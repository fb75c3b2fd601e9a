#pragma once

#include <cstdint>
#include <optional>

#include "storage/node_state.h"

namespace callboard::storage {

struct RetentionLimits {
  std::int64_t retention_ms = 7LL * 24 * 3600 * 1000; // -1: keep for ever
  std::int64_t retention_bytes = -1;                  // -1: no bound; else of the batches
};

// What the active segment holds, which the manifest does not tell.
struct ActiveExtent {
  std::uint64_t payload_bytes = 0; // of batches
  Offset next_offset;
  TimestampMs max_timestamp = no_timestamp; // of them
};

struct RetentionPlan {
  // Move the log start here; whole segments below it may go.
  std::optional<Offset> log_start;
  // That is the end of the active segment: another one has to take its place.
  bool active_expired = false;
  // When to look again because of time; nullopt: only after the next roll.
  std::optional<TimestampMs> next_check;
};

// What to trim of a log, whole segments only. Pure. As Kafka: a segment is too old when
// its newest record is, the active one too; by size, the oldest closed ones go while what
// remains is still at least `retention_bytes`. Without `active` (a log that is not open)
// next_check is when it might be due.
RetentionPlan plan_retention(const Manifest& manifest, const std::optional<ActiveExtent>& active,
                             const RetentionLimits& limits, TimestampMs now);

} // namespace callboard::storage
