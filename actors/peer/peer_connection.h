#pragma once

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include <functional>
#include <list>
#include <vector>

#include "actors/node/security.h"
#include "actors/rpc/framing_guard.h"
#include "actors/tls/channel.h"
#include "schema/peer_message.h"
#include "schema/raft_message.h"
#include "schema/result.h"
#include "schema/rpc/peer.capnp.h"

namespace callboard {

// One connection to another node, from the side that dialled it: peer.capnp's calls in
// plain structs. Knows KJ, not CAF; belongs to the KJ loop that made it.
//
// Drop it to end it; what it promised is then never kept, so drop those promises first.
class PeerConnection {
public:
  // `on_drained` is called each time everything called so far is written.
  PeerConnection(kj::Own<kj::AsyncIoStream> stream, std::function<void()> on_drained);
  KJ_DISALLOW_COPY(PeerConnection);

  // First of all: both prove the cluster's secret, if there is one, and say who they are. An
  // error: the other's sentence. Afterwards the calls below are of use.
  kj::Promise<Result<PeerHello>> connect(const PeerHello& own, std::shared_ptr<const Security> security,
                                         const tls::Channel& channel);
  // Resolves when the other side is gone, rejects if what it sends is no Cap'n Proto. Call
  // it once.
  kj::Promise<void> closed();

  // Everything called so far is written to the socket.
  bool drained() { return network_.getCurrentQueueCount() == 0; }

  // Each resolves when the other node has answered. The messages are kept until then, or
  // until this ends: they are sent from where they lie.
  kj::Promise<void> raft(std::vector<raft::Message> messages);
  kj::Promise<void> announce(const std::vector<LeaderAnnouncement>& leaders);
  kj::Promise<PeerHeartbeat> heartbeat(const PeerHeartbeat& heartbeat);
  kj::Promise<PeerCommandOutcome> command(const PeerCommand& command);

private:
  kj::Promise<Result<PeerHello>> greet(rpc::wire::Node::Client node, const PeerHello& own);

  // Says when a write is done.
  class WrittenStream;

  std::list<std::vector<raft::Message>> held_; // outlives the network, which may be writing them
  rpc::FramingGuard guard_;
  capnp::TwoPartyVatNetwork network_;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> system_;
  rpc::wire::PeerLink::Client link_;
};

} // namespace callboard
