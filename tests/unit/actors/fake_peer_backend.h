#pragma once

#include <optional>
#include <vector>

#include "actors/rpc/peer_backend.h"
#include "schema/assert.h"

namespace callboard::rpc {

// A node in memory: notes what it is told, and answers.
class FakePeerBackend final : public PeerBackend {
public:
  PeerHello own;
  std::optional<Error> refusal;
  std::optional<Error> unheard;
  bool takes_any_proof = false;
  std::vector<PeerHello> greeted;
  std::vector<std::vector<raft::Message>> delivered;
  std::vector<LeaderAnnouncement> leaders;
  std::vector<PeerHeartbeat> heartbeats;
  std::uint16_t last_command = 0;

  tls::Nonce challenge() override { return {1, 2, 3}; }
  Result<tls::Proof> prove(const tls::Nonce& nonce, const tls::Proof& shown) override {
    if (takes_any_proof || nonce == shown) return tls::Proof{nonce};
    return Error{ErrorCode::cluster_authorization_failed, "Another secret."};
  }
  kj::Promise<ProbeAnswer> probe(Probe probe) override {
    probe.seeds.push_back("answered");
    return probe;
  }
  kj::Promise<Result<JoinAnswer>> join(JoinRequest request) override {
    if (request.rack == "none") return Result<JoinAnswer>(Error{ErrorCode::policy_violation, "No rack, no place."});
    return Result<JoinAnswer>(JoinAnswer{own.cluster, NodeId{9}, {}});
  }
  Result<PeerHello> greet(const PeerHello& other) override {
    greeted.push_back(other);
    if (refusal) return *refusal;
    return own;
  }
  Status hear(const PeerHello&) override { return unheard ? Status(*unheard) : ok_status(); }
  kj::Promise<void> deliver(std::vector<raft::Message> messages, std::size_t) override {
    delivered.push_back(std::move(messages));
    return kj::READY_NOW;
  }
  void announced(NodeId by, std::vector<LeaderAnnouncement> told) override {
    CB_ASSERT(by == NodeId{1});
    leaders = std::move(told);
  }
  PeerHeartbeat heartbeat(NodeId, PeerHeartbeat heartbeat) override {
    heartbeats.push_back(heartbeat);
    return {own.incarnation, {GroupId{4}}};
  }
  kj::Promise<PeerCommandOutcome> command(NodeId, PeerCommand command) override {
    last_command = command.kind;
    return PeerCommandOutcome{ErrorCode::none, {}, command.body, RaftIndex{77}};
  }
};

} // namespace callboard::rpc
