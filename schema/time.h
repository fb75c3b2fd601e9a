#pragma once

#include <chrono>
#include <cstdint>

namespace callboard {

using Duration = std::chrono::nanoseconds;

// A moment of a clock that only moves forward; its origin is the process's. Comes
// in as an argument: nothing below `actors` reads a clock.
struct Instant {
  std::int64_t ns = 0;

  constexpr auto operator<=>(const Instant&) const = default;
  constexpr Instant operator+(Duration d) const { return Instant{ns + d.count()}; }
  constexpr Duration operator-(Instant earlier) const { return Duration(ns - earlier.ns); }
};

// Wall time in milliseconds since 1970 UTC, as Kafka's record timestamps. -1: none.
using TimestampMs = std::int64_t;
inline constexpr TimestampMs no_timestamp = -1;

} // namespace callboard
