#pragma once

#include <kj/async-io.h>

#include "actors/node/security.h"
#include "actors/runtime/host.h"
#include "actors/tls/channel.h"
#include "schema/host_port.h"
#include "schema/rpc/peer.capnp.h"

// The way to another node's door, for links and for nodes that look for a cluster. KJ only.
namespace callboard::net {

struct Dialled {
  kj::Own<kj::AsyncIoStream> stream;
  tls::Channel channel;
};

// Connects, with TLS if this node has it; `name`: that its certificate must be for. Rejects
// with half a sentence about the other side, or with KJ's own.
kj::Promise<Dialled> dial(KjLoop& loop, std::shared_ptr<const Security> security, const HostPort& address,
                          std::string name);

// First of all on a new connection: both show that they know the cluster's secret, if there
// is one. Error: a sentence.
kj::Promise<Status> prove(rpc::wire::Node::Client node, std::shared_ptr<const Security> security,
                          const tls::Channel& channel);

// What KJ says of a failure, without what it puts around others' sentences.
std::string reason_of(const kj::Exception& e);

} // namespace callboard::net
