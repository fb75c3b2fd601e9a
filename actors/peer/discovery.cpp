#include "actors/peer/discovery.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "actors/runtime/log.h"

namespace callboard::net {
namespace {

constexpr const char* group = "239.255.67.66";
constexpr std::uint16_t port = 19092;
constexpr int burst = 64; // datagrams until others of the loop have their turn

Error cannot(const std::string& what) {
  return {ErrorCode::network_exception,
          fmt::format("Others cannot be discovered by multicast: {}: {}. Name them instead, with --seeds.", what,
                      std::strerror(errno))};
}

bool is_any(const HostPort& address) {
  return address.host == "0.0.0.0" || address.host == "::";
}

// Numbers of the interfaces at which this node listens.
std::vector<unsigned> interfaces_of(const std::vector<HostPort>& listen) {
  std::vector<unsigned> found;
  ifaddrs* raw = nullptr;
  if (getifaddrs(&raw) != 0) return found;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> all(raw, freeifaddrs);
  const bool inside =
      std::all_of(listen.begin(), listen.end(), [](const auto& address) { return address.is_loopback(); });
  for (const auto* at = all.get(); at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != AF_INET || (at->ifa_flags & IFF_UP) == 0) continue;
    const bool loopback = (at->ifa_flags & IFF_LOOPBACK) != 0;
    if (loopback != inside || (!loopback && (at->ifa_flags & IFF_MULTICAST) == 0)) continue;
    char text[INET_ADDRSTRLEN] = "";
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(at->ifa_addr)->sin_addr, text, sizeof text);
    const bool listens =
        inside || std::any_of(listen.begin(), listen.end(), [&](const HostPort& address) {
          // A name may be any of them.
          in_addr number{};
          return is_any(address) || address.host == text || inet_pton(AF_INET, address.host.c_str(), &number) != 1;
        });
    const auto index = if_nametoindex(at->ifa_name);
    if (listens && index != 0 && std::find(found.begin(), found.end(), index) == found.end()) found.push_back(index);
  }
  return found;
}

ip_mreqn membership_at(unsigned interface) {
  ip_mreqn membership{};
  inet_pton(AF_INET, group, &membership.imr_multiaddr);
  membership.imr_ifindex = static_cast<int>(interface);
  return membership;
}

sockaddr_in group_address() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, group, &address.sin_addr);
  return address;
}

} // namespace

Result<Discovery*> Discovery::start(KjLoop& loop, Announcement own, const std::vector<HostPort>& listen, Heard heard) {
  auto interfaces = interfaces_of(listen);
  errno = ENODEV;
  if (interfaces.empty()) return cannot("no interface that this node listens at has IPv4 and multicast");
  kj::AutoCloseFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return cannot("no socket");
  // Every node of a machine hears all that comes to the group; nobody else's datagrams do.
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const auto address = group_address();
  if (bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return cannot(fmt::format("{} port {}", group, port));
  std::erase_if(interfaces, [&](unsigned interface) {
    const auto membership = membership_at(interface);
    return setsockopt(socket, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof membership) != 0;
  });
  if (interfaces.empty()) return cannot(fmt::format("the group {} cannot be joined", group));
  auto discovery = kj::heap<Discovery>(loop, kj::mv(socket), std::move(interfaces), std::move(own), std::move(heard));
  auto* raw = discovery.get();
  loop.add_task(raw->run().attach(kj::mv(discovery)));
  return raw;
}

Discovery::Discovery(KjLoop& loop, kj::AutoCloseFd socket, std::vector<unsigned> interfaces, Announcement own,
                     Heard heard)
  : loop_(loop), socket_(kj::mv(socket)),
    observer_(loop.io().unixEventPort, socket_, kj::UnixEventPort::FdObserver::OBSERVE_READ),
    interfaces_(std::move(interfaces)), own_(std::move(own)), heard_(std::move(heard)) {}

void Discovery::announce(bool looking) {
  own_.looking = looking;
  const auto datagram = encode(own_);
  const auto address = group_address();
  for (const auto interface : interfaces_) {
    const auto membership = membership_at(interface);
    setsockopt(socket_, IPPROTO_IP, IP_MULTICAST_IF, &membership, sizeof membership);
    if (sendto(socket_, datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
      log::debug("the announcement to interface {} failed: {}", interface, std::strerror(errno));
  }
}

kj::Promise<void> Discovery::run() {
  for (int i = 0; i < burst; ++i)
    if (!receive()) return observer_.whenBecomesReadable().then([this] { return run(); });
  return kj::evalLast([this] { return run(); });
}

// False: there is none.
bool Discovery::receive() {
  std::array<std::uint8_t, announcement_bytes_max + 1> buffer{};
  const auto got = recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0) return errno == EINTR;
  const auto said = decode_announcement(ByteView(buffer).subspan(0, static_cast<std::size_t>(got)));
  if (said && said->name == own_.name && said->identity != own_.identity) heard_(*said);
  return true;
}

} // namespace callboard::net
