#pragma once

#include <chrono>

#include "schema/time.h"

namespace callboard {

// The process's clocks. Only `actors` reads them; everything below is told the time.
inline Instant monotonic_now() {
  return Instant{std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()).count()};
}

inline TimestampMs wall_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

} // namespace callboard
