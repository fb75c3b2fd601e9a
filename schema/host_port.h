#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace callboard {

// Where to listen or connect: "127.0.0.1:9092", "[::1]:9092", "host.name:0".
struct HostPort {
  std::string host; // without the brackets of an IPv6 address
  std::uint16_t port = 0;

  bool operator==(const HostPort&) const = default;
  // The form it is written in, brackets around an IPv6 address included.
  std::string text() const;
  // "localhost", 127.0.0.0/8 and ::1; any other name may lead outside.
  bool is_loopback() const;
};

// Error: invalid_argument, naming what is wrong with `text`.
Result<HostPort> parse_host_port(std::string_view text);

} // namespace callboard
