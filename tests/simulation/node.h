#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "tests/simulation/disk.h"
#include "tests/simulation/group_history.h"
#include "tests/simulation/network.h"
#include "tests/simulation/trace.h"

namespace callboard::simulation {

class Node;

// What the nodes and clients of a run share: the world between them, and who watches.
struct Surroundings {
  Timeline& timeline;
  Network& network;
  const Scenario& scenario;
  Findings& findings;
  std::map<GroupId, GroupHistory>& histories;
  std::map<GroupId, partition::ReplicaOptions>& options;
  // What clients know: the newest leader that was announced.
  struct Leader {
    Term term;
    NodeId node = no_node;
  };
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

// One node: its process with the replicas, which comes and goes, and its disk, which
// stays. Does what the actors of the real one do: routes effects between replicas, disk,
// network and clients, and tells the replicas which nodes are down.
class Node final : public DiskClient {
public:
  using Produced = std::function<void(const partition::ProduceOutcome&)>;
  using Fetched = std::function<void(const partition::FetchOutcome&)>;

  Node(Surroundings& around, NodeId id, std::vector<NodeId> peers);

  NodeId id() const { return id_; }
  bool up() const { return up_; }
  Disk& disk() { return disk_; }
  const std::map<GroupId, std::unique_ptr<partition::PartitionReplica>>& replicas() const { return replicas_; }
  partition::PartitionReplica* find(GroupId group);
  // nullptr: the group has none.
  const AppliedState* state_of(GroupId group) const;

  void start();
  void crash();
  void pause(Time duration);
  void jump_clock(std::uint32_t ticks, TimestampMs wall_ms);
  // A replica of its own, new and empty but for what is known about its group.
  void host(GroupId group, HardState hard);
  void leave(GroupId group);

  // Inputs to replicas; what follows from them is routed at once.
  void receive(raft::Message message);
  void receive(const Heartbeat& heartbeat);
  void produce(GroupId group, partition::ProduceCommand command, Produced answer);
  void fetch(GroupId group, partition::FetchCommand command, Fetched answer);
  Status change_membership(GroupId group, Membership target);
  void transfer_leadership(GroupId group, NodeId to);
  void move_log_start(GroupId group, Offset offset);
  void stop_replica(GroupId group, const Error& error);

  void hard_state_stored(GroupId group, std::uint64_t sequence) override;
  void written(GroupId group, std::uint64_t sequence) override;
  void write_failed(GroupId group, std::uint64_t generation, const Error& error) override;
  void unusable(GroupId group, const Error& error) override;
  void release(std::vector<raft::Message> messages) override;

private:
  using Replicas = std::map<GroupId, std::unique_ptr<partition::PartitionReplica>>;
  struct Waiter {
    GroupId group;
    std::uint32_t deadline = 0;
    BatchName batch{};
    std::int16_t acks = 0;
    Produced produced{};
    Fetched fetched{};
  };
  struct Peer {
    std::uint64_t life = 0;
    std::uint32_t heard = 0; // tick
    bool down = false;
  };

  // Now, or when the process goes on; never in another life.
  void when_awake(Timeline::Action action);
  void plan_tick();
  void tick();
  void send_heartbeats();
  void detect_failures();
  void expire_waiters();
  void open(GroupId group, StoredGroup& stored);
  void announce_unopened(GroupId group, const HardState& hard);
  using Input = std::function<void(partition::PartitionReplica&)>;
  void input(GroupId group, const Input& give);
  void route(GroupId group, partition::PartitionReplica& replica);
  void store(GroupId group, partition::Effects& effects);
  void send(raft::Message message);
  void trace(GroupId group, const std::function<std::string()>& what) const;
  void trace_effects(GroupId group, const partition::PartitionReplica& replica, const partition::Effects& effects);
  void answer(const partition::ProduceOutcome& outcome, partition::PartitionReplica& replica);
  void answer(GroupId group, partition::FetchOutcome outcome);
  void read_cold(GroupId group, partition::FetchOutcome& outcome);
  void read_entries(GroupId group, const raft::ReadRequest& read);
  bool readable(GroupId group);
  // node_state.cpp
  void open_state(GroupId group, const StoredGroup& stored, RaftIndex committed);
  void apply(GroupId group, const std::vector<LogEntry>& entries);
  void flush_states();
  void set_log_start(GroupId group, Offset log_start);
  void read_state(GroupId group, const partition::StateRead& read);
  void store_state(GroupId group, partition::StateStep step);
  std::optional<Waiter> take_waiter(partition::WaiterId id);

  Surroundings& around_;
  NodeId id_;
  Disk disk_;
  Random random_;
  double clock_rate_ = 1;
  TimestampMs wall_offset_ = 0;
  bool up_ = false;
  std::uint64_t life_ = 0;
  Time paused_until_ = 0;
  std::uint32_t ticks_ = 0; // of this life
  std::shared_ptr<partition::CacheBudget> cache_budget_;
  Replicas replicas_;
  std::map<GroupId, GroupState> states_;
  std::map<NodeId, Peer> peers_;
  std::map<GroupId, std::vector<raft::Message>> stopped_; // what to repeat of each
  std::map<partition::WaiterId, Waiter> waiters_;
  partition::WaiterId last_waiter_ = 0;
  std::string traced_; // as last printed
};

} // namespace callboard::simulation
