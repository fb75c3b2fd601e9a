#pragma once

#include <kj/async.h>

#include <vector>

#include "actors/tls/proof.h"
#include "schema/peer_message.h"
#include "schema/raft_message.h"
#include "schema/result.h"

namespace callboard::rpc {

// What the door needs of the node for other nodes, as BrokerBackend is for clients. Lives
// on the KJ loop of its connection and is called on it; one connection is one node's.
class PeerBackend {
public:
  virtual ~PeerBackend() = default;

  // A number to prove the cluster's secret with, and what came of it (actors/tls/proof.h).
  virtual tls::Nonce challenge() = 0;
  virtual Result<tls::Proof> prove(const tls::Nonce& nonce, const tls::Proof& shown) = 0;

  // What follows is refused, by an error or an exception, to whom has not proven it.
  virtual kj::Promise<ProbeAnswer> probe(Probe probe) = 0;
  virtual kj::Promise<Result<JoinAnswer>> join(JoinRequest request) = 0;

  // This node's hello for one that may be talked to, or why not: a sentence.
  virtual Result<PeerHello> greet(const PeerHello& other) = 0;
  // That run of that node speaks. Error: a later one does too, so this link ends.
  virtual Status hear(const PeerHello& other) = 0;

  // They come from that node and are for this one, `bytes` on the wire. May drop what it likes. Resolves when the
  // node is to be answered, which says no more than that it may send on: many together.
  virtual kj::Promise<void> deliver(std::vector<raft::Message> messages, std::size_t bytes) = 0;
  virtual void announced(NodeId by, std::vector<LeaderAnnouncement> leaders) = 0;
  // Answers with this node's own.
  virtual PeerHeartbeat heartbeat(NodeId by, PeerHeartbeat heartbeat) = 0;
  // Answers within a bounded time, with an error if need be.
  virtual kj::Promise<PeerCommandOutcome> command(NodeId by, PeerCommand command) = 0;
};

} // namespace callboard::rpc
