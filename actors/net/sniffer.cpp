#include "actors/net/sniffer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "actors/http/http_door.h"
#include "actors/kafka/kafka_connection.h"
#include "actors/net/capnp_door.h"
#include "actors/net/prefixed_stream.h"
#include "actors/net/protocol.h"
#include "actors/net/socket.h"
#include "actors/node/descriptors.h"
#include "actors/node/security.h"
#include "actors/peer/dial.h"
#include "actors/peer/hello_check.h"
#include "actors/rpc/refused_connection.h"
#include "actors/runtime/log.h"
#include "actors/tls/stream.h"

namespace callboard::net {
namespace {

// A socket that has not said yet what it speaks.
struct Newcomer {
  Newcomer(LoopContext& c, kj::Own<kj::AsyncIoStream> s, HostPort p, HostPort l)
    : context(c), open(c.node.metrics), stream(kj::mv(s)), from(std::move(p)), peer(from.text()), local(std::move(l)) {}
  LoopContext& context;
  NodeMetrics::Open open;
  kj::Own<kj::AsyncIoStream> stream;
  HostPort from;
  std::string peer; // the same as a text
  HostPort local;
  std::array<std::uint8_t, sniffed_bytes> first{};
  tls::Channel channel;
  kj::Duration waited = 0 * kj::NANOSECONDS; // for the limit to have room

  bool admit() { return open.admit(context.node.connections_limit); }
};

constexpr auto sniff_past_limit = 1 * kj::SECONDS;
constexpr auto refused_for = 5 * kj::SECONDS; // so long somebody who is turned away may stay to hear it
constexpr auto look_again_after = 20 * kj::MILLISECONDS;
constexpr auto waits_if_contended = 250 * kj::MILLISECONDS;

bool contended(const NodeContext& node) {
  return node.metrics.connections_open.load(std::memory_order_relaxed) >= node.connections_limit + operator_connections;
}

// Of a node that serves TLS alone: who speaks Cap'n Proto, a node or the CLI, is told so.
void turn_away(Newcomer& newcomer) {
  auto& context = newcomer.context;
  NodeMetrics::add(context.node.metrics.protocol_errors);
  if (recognise(newcomer.first) != Protocol::capnp) {
    log::warn("connection of {} closed: it speaks no TLS, which this node asks for", newcomer.peer);
    return;
  }
  std::vector<std::uint8_t> read_ahead(newcomer.first.begin(), newcomer.first.end());
  const auto sentence = fmt::format("{} serves nobody without TLS, and {} came without: clients and commands need "
                                    "--tls-ca FILE (and a certificate, if it asks for one), nodes --tls-cert, "
                                    "--tls-key and --tls-ca.",
                                    text_of(context.node.introduction()), newcomer.from.host);
  log::warn("connection of {} refused: {}", newcomer.peer, sentence);
  auto refused = kj::heap<rpc::RefusedConnection>(
      kj::heap<PrefixedStream>(kj::mv(newcomer.stream), std::move(read_ahead)), sentence);
  auto closed = refused->closed().exclusiveJoin(context.loop.timer().afterDelay(refused_for));
  auto counted = kj::heap<NodeMetrics::Open>(std::move(newcomer.open));
  context.loop.add_task(closed.attach(kj::mv(refused), kj::mv(counted)).catch_([](kj::Exception&&) {}));
}

void hand_over(Newcomer& newcomer) {
  if (!newcomer.channel.encrypted && !newcomer.context.node.security->plaintext &&
      recognise(newcomer.first) != Protocol::tls)
    return turn_away(newcomer);
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
                           std::move(newcomer.open), newcomer.from, newcomer.channel);
    return;
  case Protocol::http:
    http::serve(context, kj::heap<PrefixedStream>(kj::mv(newcomer.stream), std::move(read_ahead)),
                std::move(newcomer.open));
    return;
  case Protocol::tls:
    if (newcomer.channel.encrypted)
      log::warn("connection of {} closed: it speaks TLS within TLS", newcomer.peer);
    else
      log::warn("connection of {} closed: it speaks TLS, this node has no certificate: give it --tls-cert and "
                "--tls-key, or connect without TLS",
                newcomer.peer);
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

kj::Promise<bool> read_first(Newcomer& newcomer) {
  return newcomer.stream->tryRead(newcomer.first.data(), newcomer.first.size(), newcomer.first.size())
      .then([&newcomer](std::size_t got) { return got == newcomer.first.size(); });
}

// Goes on with the stream within TLS.
kj::Promise<void> unwrap(Newcomer& newcomer) {
  std::vector<std::uint8_t> read_ahead(newcomer.first.begin(), newcomer.first.end());
  auto raw = kj::heap<PrefixedStream>(kj::mv(newcomer.stream), std::move(read_ahead));
  return newcomer.context.node.security->server->accept(kj::mv(raw))
      .then(
          [&newcomer](kj::Own<tls::Stream> within) {
            newcomer.channel = within->channel();
            newcomer.stream = kj::mv(within);
          },
          [&newcomer](kj::Exception&& e) {
            NodeMetrics::add(newcomer.context.node.metrics.protocol_errors);
            log::warn("connection of {} closed: {}", newcomer.peer, net::reason_of(e));
            kj::throwFatalException(kj::mv(e));
          });
}

// False: it ended, or said nothing.
kj::Promise<bool> identify(Newcomer& newcomer) {
  return read_first(newcomer).then([&newcomer](bool said) -> kj::Promise<bool> {
    if (!said || recognise(newcomer.first) != Protocol::tls || newcomer.context.node.security->server == nullptr)
      return said;
    return unwrap(newcomer).then([&newcomer] { return read_first(newcomer); });
  });
}

} // namespace

void adopt(LoopContext& context, int fd) {
  tune_connection(fd);
  auto peer = peer_address(fd);
  auto local = local_address(fd);
  auto stream = context.loop.io().lowLevelProvider->wrapSocketFd(fd, kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP |
                                                                         kj::LowLevelAsyncIoProvider::ALREADY_CLOEXEC |
                                                                         kj::LowLevelAsyncIoProvider::ALREADY_NONBLOCK);
  auto newcomer = kj::heap<Newcomer>(context, kj::mv(stream), std::move(peer), std::move(local));
  auto& raw = *newcomer;
  auto reading = identify(raw);
  auto limit = context.node.config.sniff_timeout_ms * kj::MILLISECONDS;
  if (!raw.admit()) limit = std::min(limit, sniff_past_limit);
  context.loop.add_task(
      context.loop.timer()
          .timeoutAfter(limit, kj::mv(reading))
          .then([&raw](bool said) -> kj::Promise<void> { return said ? hand_over_in_turn(raw) : kj::READY_NOW; },
                [&raw](kj::Exception&&) -> kj::Promise<void> {
                  log::debug("connection of {} closed: it did not say what it speaks", raw.peer);
                  return kj::READY_NOW;
                })
          .attach(kj::mv(newcomer)));
}

} // namespace callboard::net
