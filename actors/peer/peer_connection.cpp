#include "actors/peer/peer_connection.h"

#include <kj/debug.h>

#include "actors/peer/dial.h"
#include "actors/rpc/coalescing_stream.h"
#include "actors/rpc/forwarding_stream.h"
#include "actors/rpc/insist.h"
#include "schema/rpc/api.h"
#include "schema/rpc/broker.capnp.h"
#include "schema/rpc/translate_api.h"
#include "schema/rpc/translate_peer.h"

namespace callboard {
namespace {

using rpc::wire::PeerLink;

capnp::ReaderOptions reader_options() {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = rpc::message_bytes_max / sizeof(capnp::word);
  options.nestingLimit = 32;
  return options;
}

} // namespace

class PeerConnection::WrittenStream final : public ForwardingStream {
public:
  WrittenStream(kj::Own<kj::AsyncIoStream> inner, std::function<void()> on_written)
    : ForwardingStream(kj::mv(inner)), on_written_(std::move(on_written)) {}

  kj::Promise<void> write(const void* buffer, std::size_t size) override { return tell(inner_->write(buffer, size)); }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    return tell(inner_->write(pieces));
  }

private:
  // A little later, when the network has counted it too.
  kj::Promise<void> tell(kj::Promise<void> write) {
    return write.then([this] { telling_ = kj::evalLater([this] { on_written_(); }).eagerlyEvaluate(nullptr); });
  }

  std::function<void()> on_written_;
  kj::Promise<void> telling_ = kj::READY_NOW;
};

PeerConnection::PeerConnection(kj::Own<kj::AsyncIoStream> stream, std::function<void()> on_drained)
  : guard_(kj::heap<WrittenStream>(kj::heap<rpc::CoalescingStream>(kj::mv(stream)),
                                   [this, on_drained = std::move(on_drained)] {
                                     if (drained()) on_drained();
                                   }),
           rpc::message_bytes_max),
    network_(guard_, capnp::rpc::twoparty::Side::CLIENT, reader_options()), system_(capnp::makeRpcClient(network_)),
    link_(nullptr) {}

kj::Promise<Result<PeerHello>> PeerConnection::connect(const PeerHello& own, std::shared_ptr<const Security> security,
                                                       const tls::Channel& channel) {
  capnp::MallocMessageBuilder message(4);
  auto server = message.initRoot<capnp::rpc::twoparty::VatId>();
  server.setSide(capnp::rpc::twoparty::Side::SERVER);
  auto broker = system_.bootstrap(server).castAs<rpc::wire::Broker>();
  auto node = broker.nodeRequest().send().getNode();
  return net::prove(node, std::move(security), channel)
      .then([this, own, node](const Status& proven) mutable -> kj::Promise<Result<PeerHello>> {
        if (!proven) return Result<PeerHello>(proven.error());
        return greet(kj::mv(node), own);
      });
}

kj::Promise<Result<PeerHello>> PeerConnection::greet(rpc::wire::Node::Client node, const PeerHello& own) {
  auto request = node.connectRequest();
  rpc::write(own, request.initHello());
  return request.send().then([this](auto&& response) -> Result<PeerHello> {
    const auto outcome = response.getOutcome();
    if (outcome.isRefused()) return rpc::read(outcome.getRefused());
    rpc::insist(outcome.isConnected(), "the node answers in a way that this version does not know");
    link_ = outcome.getConnected().getLink();
    return rpc::read(outcome.getConnected().getHello());
  });
}

kj::Promise<void> PeerConnection::closed() {
  return network_.onDisconnect().exclusiveJoin(
      guard_.refused().then([] { kj::throwFatalException(KJ_EXCEPTION(FAILED, "what it sends is no Cap'n Proto")); }));
}

kj::Promise<void> PeerConnection::raft(std::vector<raft::Message> messages) {
  auto request = link_.raftRequest(rpc::size_hint(messages));
  const auto held = held_.insert(held_.end(), std::move(messages));
  rpc::write(*held, request.initMessages(rpc::to_list_size(held->size())));
  return request.send().then([this, held](auto&&) { held_.erase(held); });
}

kj::Promise<void> PeerConnection::announce(const std::vector<LeaderAnnouncement>& leaders) {
  auto request = link_.announceRequest();
  rpc::write(leaders, request.initLeaders(rpc::to_list_size(leaders.size())));
  return request.send().ignoreResult();
}

kj::Promise<PeerHeartbeat> PeerConnection::heartbeat(const PeerHeartbeat& heartbeat) {
  auto request = link_.heartbeatRequest();
  rpc::write(heartbeat, request.initHeartbeat());
  return request.send().then([](auto&& response) { return rpc::read(response.getHeartbeat()); });
}

kj::Promise<PeerCommandOutcome> PeerConnection::command(const PeerCommand& command) {
  auto request = link_.commandRequest();
  rpc::write(command, static_cast<PeerLink::CommandParams::Builder&>(request));
  return request.send().then(
      [](auto&& response) { return rpc::read(static_cast<PeerLink::CommandResults::Reader&>(response)); });
}

} // namespace callboard
