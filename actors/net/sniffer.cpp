#include "actors/net/sniffer.h"

#include <algorithm>
#include <array>

#include "actors/http/http_door.h"
#include "actors/kafka/kafka_connection.h"
#include "actors/net/capnp_door.h"
#include "actors/net/prefixed_stream.h"
#include "actors/net/protocol.h"
#include "actors/net/socket.h"
#include "actors/node/descriptors.h"
#include "actors/runtime/log.h"

namespace callboard::net {
namespace {

// A socket that has not said yet what it speaks.
struct Newcomer {
  Newcomer(LoopContext& c, kj::Own<kj::AsyncIoStream> s, std::string p, HostPort l)
    : context(c), open(c.node.metrics), stream(kj::mv(s)), peer(std::move(p)), local(std::move(l)) {}
  LoopContext& context;
  NodeMetrics::Open open;
  kj::Own<kj::AsyncIoStream> stream;
  std::string peer;
  HostPort local;
  std::array<std::uint8_t, sniffed_bytes> first{};
  kj::Duration waited = 0 * kj::NANOSECONDS; // for the limit to have room

  bool admit() { return open.admit(context.node.connections_limit); }
};

constexpr auto sniff_past_limit = 1 * kj::SECONDS;
constexpr auto look_again_after = 20 * kj::MILLISECONDS;
constexpr auto waits_if_contended = 250 * kj::MILLISECONDS;

bool contended(const NodeContext& node) {
  return node.metrics.connections_open.load(std::memory_order_relaxed) >= node.connections_limit + operator_connections;
}

void hand_over(Newcomer& newcomer) {
  std::vector<std::uint8_t> read_ahead(newcomer.first.begin(), newcomer.first.end());
  auto& context = newcomer.context;
  switch (recognise(newcomer.first)) {
  case Protocol::kafka:
    if (!context.node.ready) {
      log::debug("connection of {} closed: this node is not ready to serve Kafka's clients yet", newcomer.peer);
      return;
    }
    kafka::KafkaConnection::serve(context, kj::mv(newcomer.stream), std::move(newcomer.open), newcomer.peer,
                                  newcomer.local, std::move(read_ahead));
    return;
  case Protocol::capnp:
    CapnpConnection::serve(context, kj::heap<PrefixedStream>(kj::mv(newcomer.stream), std::move(read_ahead)),
                           std::move(newcomer.open), newcomer.peer);
    return;
  case Protocol::http:
    http::serve(context, kj::heap<PrefixedStream>(kj::mv(newcomer.stream), std::move(read_ahead)),
                std::move(newcomer.open));
    return;
  case Protocol::tls:
    log::warn("connection of {} closed: it speaks TLS, which this version does not; connect without it", newcomer.peer);
    break;
  case Protocol::unknown:
    log::warn("connection of {} closed: neither Kafka, Cap'n Proto nor HTTP", newcomer.peer);
    break;
  }
  NodeMetrics::add(context.node.metrics.protocol_errors);
}

// Once it may: a Kafka client past the limit waits.
kj::Promise<void> hand_over_in_turn(Newcomer& newcomer) {
  if (recognise(newcomer.first) != Protocol::kafka || newcomer.admit()) {
    hand_over(newcomer);
    return kj::READY_NOW;
  }
  auto& context = newcomer.context;
  if (newcomer.waited >= waits_if_contended && contended(context.node)) {
    log::debug("connection of {} closed: there are {} already", newcomer.peer, context.node.connections_limit);
    return kj::READY_NOW;
  }
  newcomer.waited += look_again_after;
  return context.loop.timer().afterDelay(look_again_after).then([&newcomer] { return hand_over_in_turn(newcomer); });
}

} // namespace

void adopt(LoopContext& context, int fd) {
  tune_connection(fd);
  auto peer = peer_address(fd).text();
  auto local = local_address(fd);
  auto stream = context.loop.io().lowLevelProvider->wrapSocketFd(fd, kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP |
                                                                         kj::LowLevelAsyncIoProvider::ALREADY_CLOEXEC |
                                                                         kj::LowLevelAsyncIoProvider::ALREADY_NONBLOCK);
  auto newcomer = kj::heap<Newcomer>(context, kj::mv(stream), std::move(peer), std::move(local));
  auto& raw = *newcomer;
  auto reading = raw.stream->tryRead(raw.first.data(), raw.first.size(), raw.first.size());
  auto limit = context.node.config.sniff_timeout_ms * kj::MILLISECONDS;
  if (!raw.admit()) limit = std::min(limit, sniff_past_limit);
  context.loop.add_task(context.loop.timer()
                            .timeoutAfter(limit, kj::mv(reading))
                            .then(
                                [&raw](std::size_t got) -> kj::Promise<void> {
                                  if (got < raw.first.size()) return kj::READY_NOW;
                                  return hand_over_in_turn(raw);
                                },
                                [&raw](kj::Exception&&) -> kj::Promise<void> {
                                  log::debug("connection of {} closed: it did not say what it speaks", raw.peer);
                                  return kj::READY_NOW;
                                })
                            .attach(kj::mv(newcomer)));
}

} // namespace callboard::net
