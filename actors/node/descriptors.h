#pragma once

#include <algorithm>
#include <cstdint>

namespace callboard {

// Connections past the limit that are accepted all the same, so that an operator's tools
// and health checks are answered when clients have taken everything (net/sniffer.h).
inline constexpr std::int64_t operator_connections = 16;

// What clients may never take: segments, their locks, the loops' own.
constexpr std::int64_t descriptors_for_files(std::int64_t descriptors) {
  return std::max<std::int64_t>(descriptors / 4, 64);
}

// How many connections a process with that many descriptors takes.
constexpr std::int64_t connections_limit(std::int64_t connections_max, std::int64_t descriptors) {
  const auto room = descriptors - descriptors_for_files(descriptors) - operator_connections;
  return std::clamp<std::int64_t>(connections_max, 1, std::max<std::int64_t>(room, 1));
}

// Asks the system for as many as it lets this process have. Returns their number.
std::int64_t raise_descriptor_limit();

} // namespace callboard
