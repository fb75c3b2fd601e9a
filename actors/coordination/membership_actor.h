#pragma once

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/coordination/messages.h"
#include "actors/coordination/refusals.h"
#include "actors/node/loop_context.h"
#include "actors/peer/messages.h"
#include "actors/runtime/hosted_actor.h"
#include "cluster/membership/failure_detector.h"
#include "cluster/membership/forming.h"
#include "cluster/membership/stopped_replicas.h"

namespace callboard::net {
class Discovery;
}

namespace callboard {

// What it is told about the cluster that the node belongs to from now on.
struct Belonging {
  storage::Identity identity;
  std::vector<NodeRecord> nodes; // that are known by now; none for a founder
};

// The first thing it is told, once others can find it.
struct BeginMembership {};
// Another node has shown that it belongs to the cluster, and is not in what is known of the
// metadata here.
struct PeerMet {
  NodeRecord node;
};

// What this node knows of the others. Before it belongs to a cluster: finds or founds one
// (cluster/membership/forming.h). Then: keeps a link to every other node, says which are
// up, and passes on who leads which group.
//
//   metadata -- NodesKnown --------------> membership -- NodesChanged, PeerLiveness --> agents, metadata
//   partition - LeaderAnnouncement ------>     |      -- LeadersAnnounced -----------> metadata, which tells agents
//   links ----- PeerUp, PeerHeard, PeerLost -> |      -- AnnounceToPeer -------------> links
//   other nodes' connections: ProbeFromPeer, JoinFromPeer, PeerAnnounced, PeerBeat
//
// Lives on a KJ loop.
class MembershipActor final : public HostedActor {
public:
  // `belongs` is told once, on this actor's thread, when the node belongs to a cluster: by
  // then it is to be stored. `failed`: it never will.
  struct Callbacks {
    std::function<Status(const Belonging&)> belongs;
    std::function<void(const Error&)> failed;
  };
  MembershipActor(caf::actor_config& config, LoopContext& loop, std::vector<LoopContext*> loops,
                  std::vector<caf::actor> agents, membership::FormingStart forming, Callbacks callbacks);
  caf::behavior make_behavior() override;
  std::string describe() const override;

private:
  struct Link {
    caf::actor actor;
    HostPort address;
    std::uint64_t incarnation = 0; // 0: not up
    std::string down_because{};
    std::string clock{}; // what is wrong with its clock
  };

  void tick();

  // membership_forming.cpp
  void run_forming();
  void resolve_seeds();
  void probe(const membership::Call& call);
  void join(const membership::Call& call);
  void found();
  void find_again();
  JoinRequest join_request() const;
  void start_discovery();
  void on_announcement(const HostPort& address, bool looking);
  void belong(const Belonging& belonging);
  void on_probe(ProbeFromPeer& message);
  void on_join(JoinFromPeer& message);
  void on_joined(const ControllerAnswered& message);

  // membership_actor.cpp
  void on_nodes(const std::vector<NodeRecord>& nodes);
  void on_met(const NodeRecord& node);
  void link_to(const NodeRecord& node, std::vector<std::pair<NodeId, caf::actor>>& added);
  void on_up(const PeerUp& peer);
  void on_lost(const PeerLost& peer);
  void on_heard(const PeerHeard& peer);
  void on_beat(const PeerBeat& beat);
  void on_refused(const PeerRefused& refused);
  std::vector<std::string> troubles();
  void tell_changes();
  void on_local_leader(const LeaderAnnouncement& announcement);
  void announce();
  template <class Message>
  void tell_agents(const Message& message);

  LoopContext& loop_;
  std::vector<LoopContext*> loops_; // links are spread over them
  std::vector<caf::actor> agents_;
  membership::Forming forming_;
  membership::FailureDetector detector_;
  Callbacks callbacks_;
  Refusals refusals_;
  membership::StoppedReplicas stopped_;
  Incarnations runs_; // of the other nodes, as their heartbeats say on any loop
  std::map<NodeId, Link> links_;
  std::map<NodeId, NodeRecord> nodes_;
  std::unordered_map<GroupId, LeaderAnnouncement> leading_; // groups that this node leads
  std::vector<LeaderAnnouncement> to_announce_;
  bool announce_armed_ = false;
  std::uint32_t ticks_ = 0;
  bool resolving_ = false;
  net::Discovery* discovery_ = nullptr; // null: none. Its loop's
  std::uint32_t announced_at_tick_ = 0;
  std::map<std::uint64_t, std::pair<caf::actor, std::uint64_t>> joining_; // who asked, and their token
  std::uint64_t next_token_ = 1;
  std::size_t met_ = 0; // PeerMet that were believed
};

} // namespace callboard

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::BeginMembership)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::PeerMet)
