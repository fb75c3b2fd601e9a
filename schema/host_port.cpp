#include "schema/host_port.h"

#include <algorithm>
#include <charconv>

namespace callboard {
namespace {

Error refused(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

} // namespace

std::string HostPort::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool HostPort::is_loopback() const {
  const bool dotted = host.find_first_not_of("0123456789.") == std::string::npos;
  return host == "localhost" || host == "::1" || (dotted && host.starts_with("127."));
}

Result<HostPort> parse_host_port(std::string_view text) {
  const std::string quoted = "`" + std::string(text) + "` ";
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return refused(quoted + "has no port; write HOST:PORT.");
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return refused(quoted + "has an IPv6 address without brackets; write [ADDRESS]:PORT.");
  }
  if (host.empty()) return refused(quoted + "has no host; write HOST:PORT.");
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (problem != std::errc{} || end != digits.data() + digits.size())
    return refused(quoted + "has a port that is not a number from 0 to 65535.");
  return HostPort{std::string(host), port};
}

} // namespace callboard
