#include "actors/net/socket.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace callboard::net {
namespace {

constexpr int backlog = 1024;
constexpr int probe_after_s = 60;
constexpr int probe_every_s = 15;
constexpr int probes_max = 4;
constexpr int unacknowledged_max_ms = 120'000;

void set_option(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

HostPort from_sockaddr(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(storage);
    inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
    return {text, ntohs(in.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    const auto& in = reinterpret_cast<const sockaddr_in6&>(storage);
    inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
    return {text, ntohs(in.sin6_port)};
  }
  return {"unknown", 0};
}

Error cannot_listen(const HostPort& address, int error) {
  std::string advice;
  if (error == EADDRINUSE) advice = " Another program listens there: stop it, or give another port with --listen.";
  if (error == EACCES) advice = " Ports below 1024 need privileges: give a higher one with --listen.";
  if (error == EADDRNOTAVAIL) advice = " No network interface of this machine has that address.";
  return Error{error == EADDRINUSE ? ErrorCode::in_use : ErrorCode::invalid_argument,
               fmt::format("Cannot listen on {}: {}.{}", address.text(), std::strerror(error), advice)};
}

} // namespace

Result<int> listen_on(const HostPort& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const auto port = std::to_string(address.port);
  if (const int error = getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found); error != 0)
    return Error{ErrorCode::invalid_argument,
                 fmt::format("Cannot listen on {}: {}.", address.text(), gai_strerror(error))};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return cannot_listen(address, errno);
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, backlog) != 0) {
    const int error = errno;
    close(fd);
    return cannot_listen(address, error);
  }
  return fd;
}

HostPort local_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {"unknown", 0};
  return from_sockaddr(storage);
}

HostPort peer_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {"unknown", 0};
  return from_sockaddr(storage);
}

void tune_connection(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, probe_after_s);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, probe_every_s);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, probes_max);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, unacknowledged_max_ms);
}

} // namespace callboard::net
