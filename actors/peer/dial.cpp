#include "actors/peer/dial.h"

#include <kj/debug.h>

#include <algorithm>

#include "actors/tls/stream.h"
#include "schema/rpc/translate_peer.h"

namespace callboard::net {
namespace {

capnp::Data::Reader data_of(const std::array<std::uint8_t, 32>& from) {
  return {from.data(), from.size()};
}

} // namespace

kj::Promise<Dialled> dial(KjLoop& loop, std::shared_ptr<const Security> security, const HostPort& address,
                          std::string name) {
  return loop.io()
      .provider->getNetwork()
      .parseAddress(address.text().c_str())
      .then([](kj::Own<kj::NetworkAddress> parsed) {
        auto connected = parsed->connect();
        return connected.attach(kj::mv(parsed));
      })
      .then([security = std::move(security),
             name = std::move(name)](kj::Own<kj::AsyncIoStream> stream) -> kj::Promise<Dialled> {
        if (security->client == nullptr) return Dialled{kj::mv(stream), {}};
        return security->client->connect(kj::mv(stream), name).then([security](kj::Own<tls::Stream> within) {
          const auto channel = within->channel();
          return Dialled{kj::mv(within), channel};
        });
      });
}

kj::Promise<Status> prove(rpc::wire::Node::Client node, std::shared_ptr<const Security> security,
                          const tls::Channel& channel) {
  if (!security->secret) return ok_status();
  return node.challengeRequest()
      .send()
      .then([node, security, channel](auto&& challenge) mutable -> kj::Promise<Status> {
        const auto of_door = rpc::read_challenge(challenge.getNonce());
        const auto own = tls::fresh_nonce();
        auto request = node.proveRequest();
        request.setNonce(data_of(own));
        request.setProof(data_of(tls::prove(*security->secret, tls::Side::dialler, own, of_door, channel.binding)));
        return request.send().then([security, channel, own, of_door](auto&& response) -> Status {
          const auto outcome = response.getOutcome();
          if (outcome.isRefused()) return rpc::read(outcome.getRefused());
          const auto expected = tls::prove(*security->secret, tls::Side::door, own, of_door, channel.binding);
          if (tls::same(expected, rpc::read_challenge(outcome.getProven()))) return ok_status();
          return Error{ErrorCode::cluster_authorization_failed,
                       "it does not know the secret of this node's cluster, although it answers as if it did: it is no "
                       "node of this cluster. Correct the address, or find out who listens there."};
        });
      })
      .catch_([](kj::Exception&& e) -> Status {
        if (e.getType() != kj::Exception::Type::UNIMPLEMENTED) kj::throwFatalException(kj::mv(e));
        return Error{ErrorCode::unsupported_version,
                     "it runs a version of Callboard that knows no secret: run the same "
                     "version on both."};
      });
}

std::string reason_of(const kj::Exception& e) {
  constexpr std::string_view around = "remote exception: ";
  std::string text(e.getDescription().cStr());
  return text.starts_with(around) ? text.substr(around.size()) : text;
}

} // namespace callboard::net
