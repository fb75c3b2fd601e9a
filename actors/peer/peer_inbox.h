#pragma once

#include <functional>

#include "actors/net/pending.h"
#include "actors/node/loop_context.h"
#include "actors/peer/door_proof.h"
#include "actors/peer/messages.h"
#include "actors/rpc/peer_backend.h"

namespace callboard {

// What comes in from another node over one connection, brought to the actors it is for:
//
//   raft messages -> the replicas of this loop     commands -> metadata
//   heartbeats, announcements, probes, joins -> membership
//
// Part of its connection's Io: belongs to its KJ loop.
class PeerInbox final : public rpc::PeerBackend {
public:
  // `self`: the connection's actor, which passes on the answers. `from`, `channel`: the other
  // end. `on_peer`: it has shown that it is a node of the cluster.
  PeerInbox(LoopContext& context, caf::actor self, const HostPort& from, const tls::Channel& channel,
            std::function<void()> on_peer);
  ~PeerInbox() noexcept override = default; // KJ's may throw, ours do not

  // Resolves when a node that had a link has said nothing for `silence_max`: its host is
  // gone without a word. Call it once.
  kj::Promise<void> silent() { return kj::mv(silence_.promise); }
  NodeId peer() const { return peer_; } // no_node: no node's
  std::string describe() const;

  void answered(PeerCommandAnswered& answer);
  void answered(PeerProbed& answer);
  void answered(PeerJoined& answer);

  tls::Nonce challenge() override { return door_.challenge(); }
  Result<tls::Proof> prove(const tls::Nonce& nonce, const tls::Proof& shown) override;
  kj::Promise<ProbeAnswer> probe(Probe probe) override;
  kj::Promise<Result<JoinAnswer>> join(JoinRequest request) override;
  Result<PeerHello> greet(const PeerHello& other) override;
  Status hear(const PeerHello& other) override;
  kj::Promise<void> deliver(std::vector<raft::Message> messages, std::size_t bytes) override;
  void announced(NodeId by, std::vector<LeaderAnnouncement> leaders) override;
  PeerHeartbeat heartbeat(NodeId by, PeerHeartbeat heartbeat) override;
  kj::Promise<PeerCommandOutcome> command(NodeId by, PeerCommand command) override;

private:
  // A heartbeat comes ten times a second.
  static constexpr auto silence_max = std::chrono::seconds(10);

  kj::Promise<void> watch();
  void answer_owed();
  Error refused(const Error& error);

  LoopContext& context_;
  caf::actor self_;
  DoorProof door_;
  std::function<void()> on_peer_;
  NodeId peer_ = no_node;
  Instant last_heard_{};
  std::uint64_t messages_ = 0;
  kj::Vector<kj::Own<kj::PromiseFulfiller<void>>> owed_; // answers to what was delivered
  std::size_t owed_bytes_ = 0;
  kj::Promise<void> answering_ = nullptr;
  std::uint64_t next_token_ = 1;
  net::Pending<PeerCommandOutcome> commands_;
  net::Pending<ProbeAnswer> probes_;
  net::Pending<Result<JoinAnswer>> joins_;
  kj::PromiseFulfillerPair<void> silence_ = kj::newPromiseAndFulfiller<void>();
  kj::Promise<void> watching_ = nullptr;
};

} // namespace callboard
