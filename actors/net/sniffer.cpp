#include "actors/net/sniffer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>

#include "actors/http/http_door.h"
#include "actors/kafka/kafka_connection.h"
#include "actors/net/capnp_door.h"
#include "actors/net/prefixed_stream.h"
#include "actors/net/protocol.h"
#include "actors/net/socket.h"
#include "actors/runtime/log.h"

namespace callboard::net {
namespace {

// A socket that has not said yet what it speaks.
struct Newcomer {
  Newcomer(LoopContext& c, kj::Own<kj::AsyncIoStream> s, std::string p, HostPort l)
    : context(c), open(c.node.metrics, true), stream(kj::mv(s)), peer(std::move(p)), local(std::move(l)) {}
  LoopContext& context;
  NodeMetrics::Open open;
  kj::Own<kj::AsyncIoStream> stream;
  std::string peer;
  HostPort local;
  std::array<std::uint8_t, sniffed_bytes> first{};
};

void hand_over(Newcomer& newcomer) {
  std::vector<std::uint8_t> read_ahead(newcomer.first.begin(), newcomer.first.end());
  auto& context = newcomer.context;
  switch (recognise(newcomer.first)) {
  case Protocol::kafka:
    kafka::KafkaConnection::serve(context, kj::mv(newcomer.stream), newcomer.peer, newcomer.local,
                                  std::move(read_ahead));
    return;
  case Protocol::capnp:
    CapnpConnection::serve(context, kj::heap<PrefixedStream>(kj::mv(newcomer.stream), std::move(read_ahead)),
                           newcomer.peer);
    return;
  case Protocol::http:
    http::serve(context, kj::heap<PrefixedStream>(kj::mv(newcomer.stream), std::move(read_ahead)));
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

} // namespace

void adopt(LoopContext& context, int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto peer = peer_address(fd).text();
  auto local = local_address(fd);
  auto stream = context.loop.io().lowLevelProvider->wrapSocketFd(fd, kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP |
                                                                         kj::LowLevelAsyncIoProvider::ALREADY_CLOEXEC |
                                                                         kj::LowLevelAsyncIoProvider::ALREADY_NONBLOCK);
  auto newcomer = kj::heap<Newcomer>(context, kj::mv(stream), std::move(peer), std::move(local));
  auto& raw = *newcomer;
  auto reading = raw.stream->tryRead(raw.first.data(), raw.first.size(), raw.first.size());
  auto limit = context.node.config.sniff_timeout_ms * kj::MILLISECONDS;
  context.loop.add_task(context.loop.timer()
                            .timeoutAfter(limit, kj::mv(reading))
                            .then(
                                [&raw](std::size_t got) {
                                  if (got == raw.first.size()) hand_over(raw);
                                },
                                [&raw](kj::Exception&&) {
                                  log::debug("connection of {} closed: it did not say what it speaks", raw.peer);
                                })
                            .attach(kj::mv(newcomer)));
}

} // namespace callboard::net
