#include "actors/peer/forming_call.h"

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include "schema/rpc/broker.capnp.h"
#include "schema/rpc/peer.capnp.h"
#include "schema/rpc/translate_peer.h"

namespace callboard::net {
namespace {

constexpr auto connect_within = 2 * kj::SECONDS;
constexpr auto probe_within = 2 * kj::SECONDS;
// A cluster may have to elect a controller first.
constexpr auto join_within = 10 * kj::SECONDS;

struct Call {
  explicit Call(kj::Own<kj::AsyncIoStream> connected) : stream(kj::mv(connected)), client(*stream) {}
  rpc::wire::Node::Client node() {
    return client.bootstrap().castAs<rpc::wire::Broker>().nodeRequest().send().getNode();
  }
  kj::Own<kj::AsyncIoStream> stream;
  capnp::TwoPartyClient client;
};

kj::Promise<kj::Own<Call>> dial(KjLoop& loop, const HostPort& address) {
  auto connecting = loop.io()
                        .provider->getNetwork()
                        .parseAddress(address.text().c_str())
                        .then([](kj::Own<kj::NetworkAddress> parsed) {
                          auto connected = parsed->connect();
                          return connected.attach(kj::mv(parsed));
                        })
                        .then([](kj::Own<kj::AsyncIoStream> stream) { return kj::heap<Call>(kj::mv(stream)); });
  return loop.timer().timeoutAfter(connect_within, kj::mv(connecting));
}

} // namespace

kj::Promise<ProbeAnswer> probe(KjLoop& loop, const HostPort& address, const Probe& question) {
  return dial(loop, address).then([&loop, question](kj::Own<Call> call) {
    auto request = call->node().probeRequest();
    rpc::write(question, request.initProbe());
    auto answered = request.send().then([](auto response) { return rpc::read(response.getAnswer()); });
    return loop.timer().timeoutAfter(probe_within, kj::mv(answered)).attach(kj::mv(call));
  });
}

kj::Promise<Result<JoinAnswer>> join(KjLoop& loop, const HostPort& address, const JoinRequest& request) {
  return dial(loop, address).then([&loop, request](kj::Own<Call> call) {
    auto asking = call->node().joinRequest();
    rpc::write(request, asking.initRequest());
    auto answered = asking.send().then([](auto response) { return rpc::read(response.getOutcome()); });
    return loop.timer().timeoutAfter(join_within, kj::mv(answered)).attach(kj::mv(call));
  });
}

} // namespace callboard::net
