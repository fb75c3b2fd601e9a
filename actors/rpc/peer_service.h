#pragma once

#include "actors/rpc/peer_backend.h"
#include "actors/rpc/session.h"
#include "schema/rpc/peer.capnp.h"

namespace callboard::rpc {

// What this node is to others: who is asked, and given links.
class NodeService final : public wire::Node::Server {
public:
  NodeService(kj::Own<Session> session, PeerBackend& backend)
    : session_(kj::mv(session)), counted_(session_->count_capability()), backend_(backend) {}

  kj::Promise<void> probe(ProbeContext context) override;
  kj::Promise<void> join(JoinContext context) override;
  kj::Promise<void> connect(ConnectContext context) override;
  kj::Promise<void> challenge(ChallengeContext context) override;
  kj::Promise<void> prove(ProveContext context) override;

private:
  kj::Own<Session> session_;
  kj::Own<Credits::Grant> counted_;
  PeerBackend& backend_;
};

// What another node says for as long as its connection lasts. Given to one whose hello
// was good; what it cannot mean, and messages that are not from it or not for this node,
// fail the call.
class PeerLinkService final : public wire::PeerLink::Server {
public:
  PeerLinkService(kj::Own<Session> session, PeerBackend& backend, PeerHello other, NodeId self)
    : session_(kj::mv(session)), counted_(session_->count_capability()), backend_(backend), other_(std::move(other)),
      self_(self) {}

  kj::Promise<void> raft(RaftContext context) override;
  kj::Promise<void> announce(AnnounceContext context) override;
  kj::Promise<void> heartbeat(HeartbeatContext context) override;
  kj::Promise<void> command(CommandContext context) override;

private:
  void hear();

  kj::Own<Session> session_;
  kj::Own<Credits::Grant> counted_;
  PeerBackend& backend_;
  PeerHello other_;
  NodeId self_;
};

} // namespace callboard::rpc
