#include "actors/net/resolve.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>

namespace callboard::net {

Result<std::vector<HostPort>> resolve(const std::string& host_port) {
  const auto wanted = parse_host_port(host_port);
  if (!wanted) return wanted.error();
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  if (const int failed = getaddrinfo(wanted->host.c_str(), nullptr, &hints, &raw); failed != 0)
    return Error{ErrorCode::network_exception, wanted->host + ": " + gai_strerror(failed)};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(raw, freeaddrinfo);
  std::vector<HostPort> out;
  for (const auto* at = list.get(); at != nullptr; at = at->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0) continue;
    const HostPort address{text, wanted->port};
    if (std::find(out.begin(), out.end(), address) == out.end()) out.push_back(address);
  }
  if (out.empty()) return Error{ErrorCode::network_exception, wanted->host + " has no address"};
  return out;
}

} // namespace callboard::net
