#pragma once

#include <map>
#include <memory>
#include <vector>

#include "tests/simulation/host.h"

namespace callboard::simulation {

class Node;

// What the nodes of a run share, and who breaks them.
struct Surroundings : HostSurroundings {
  // What clients know.
  std::map<GroupId, Leader>& leaders;
  std::map<NodeId, std::unique_ptr<Node>>& nodes;
};

// What nodes tell each other about themselves (ARCHITECTURE.md, decision 3): that they
// live, in which life, and which of their replicas have stopped nevertheless.
struct Heartbeat {
  NodeId from;
  std::uint64_t life = 0;
  std::vector<raft::Message> stopped; // to the receiver
};

// One node of a cluster that never changes: every node knows all others, and tells its
// replicas which of them are down.
class Node final : public Host {
public:
  Node(Surroundings& around, NodeId id, std::vector<NodeId> peers);

  void start();
  void crash();
  void jump_clock(std::uint32_t ticks, TimestampMs wall_ms);
  // A replica of its own, new and empty but for what is known about its group.
  void host(GroupId group, HardState hard);

  using Host::receive;
  void receive(const Heartbeat& heartbeat);
  Status change_membership(GroupId group, Membership target);
  void transfer_leadership(GroupId group, NodeId to);
  void move_log_start(GroupId group, Offset offset);
  // Its log is damaged, and it is about to begin anew.
  bool heals(GroupId group) const;

private:
  struct Peer {
    std::uint64_t life = 0;
    std::uint32_t heard = 0; // tick
    bool down = false;
  };

  void transmit(raft::Message message) override;
  void routed(GroupId group, partition::PartitionReplica& replica, partition::Effects& effects) override;
  void unopened(GroupId group, const HardState& hard) override;
  void tick_node() override;
  void send_heartbeats();
  void detect_failures();
  void heal();
  bool may_heal(GroupId group) const;
  bool has_the_other_of_two(GroupId group) const;

  Surroundings& around_;
  std::map<NodeId, Peer> peers_;
  std::map<GroupId, std::vector<raft::Message>> stopped_; // what to repeat of each
};

} // namespace callboard::simulation
