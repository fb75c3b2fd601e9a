#include "actors/peer/forming_call.h"

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include "actors/peer/dial.h"
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
  explicit Call(Dialled dialled)
    : stream(kj::mv(dialled.stream)), channel(dialled.channel), client(*stream),
      node(client.bootstrap().castAs<rpc::wire::Broker>().nodeRequest().send().getNode()) {}
  kj::Own<kj::AsyncIoStream> stream;
  tls::Channel channel;
  capnp::TwoPartyClient client;
  rpc::wire::Node::Client node;
};

kj::Promise<kj::Own<Call>> call(const FormingDoor& door) {
  auto connecting = dial(door.loop, door.security, door.address, door.host);
  return door.loop.timer()
      .timeoutAfter(connect_within, kj::mv(connecting))
      .then([&loop = door.loop, security = door.security](Dialled dialled) {
        auto made = kj::heap<Call>(kj::mv(dialled));
        auto proving = loop.timer().timeoutAfter(connect_within, prove(made->node, security, made->channel));
        return proving.then([made = kj::mv(made)](const Status& proven) mutable {
          if (!proven)
            kj::throwFatalException(kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__,
                                                  kj::str(proven.error().message.c_str())));
          return kj::mv(made);
        });
      });
}

} // namespace

kj::Promise<ProbeAnswer> probe(const FormingDoor& door, const Probe& question) {
  return call(door).then([&loop = door.loop, question](kj::Own<Call> made) {
    auto request = made->node.probeRequest();
    rpc::write(question, request.initProbe());
    auto answered = request.send().then([](auto response) { return rpc::read(response.getAnswer()); });
    return loop.timer().timeoutAfter(probe_within, kj::mv(answered)).attach(kj::mv(made));
  });
}

kj::Promise<Result<JoinAnswer>> join(const FormingDoor& door, const JoinRequest& request) {
  return call(door).then([&loop = door.loop, request](kj::Own<Call> made) {
    auto asking = made->node.joinRequest();
    rpc::write(request, asking.initRequest());
    auto answered = asking.send().then([](auto response) { return rpc::read(response.getOutcome()); });
    return loop.timer().timeoutAfter(join_within, kj::mv(answered)).attach(kj::mv(made));
  });
}

} // namespace callboard::net
