#pragma once

#include <cstdint>
#include <optional>

#include "storage/node_state.h"

namespace callboard::storage {

struct RetentionLimits {
  std::int64_t retention_ms = 7LL * 24 * 3600 * 1000; // -1: keep for ever
  std::int64_t retention_bytes = -1;                  // -1: no bound; else of the batches
};

struct RetentionPlan {
  // Move the log start here; whole closed segments below it may go.
  std::optional<Offset> log_start;
  // When to look again because of time; nullopt: only after the next roll.
  std::optional<TimestampMs> next_check;
};

// What to trim of a log. Pure. Only whole closed segments count, the active one never
// goes; `active_payload_bytes` is what the active segment holds. As Kafka: by size, the
// oldest segments go while what remains is still at least `retention_bytes`.
RetentionPlan plan_retention(const Manifest& manifest, std::uint64_t active_payload_bytes,
                             const RetentionLimits& limits, TimestampMs now);

} // namespace callboard::storage
