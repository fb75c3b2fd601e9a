#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "actors/peer/peer_queue.h"
#include "cluster/membership/group_duties.h"
#include "cluster/partition/partition_replica.h"
#include "storage/memory_log.h"

namespace callboard::bench {

// What came of the replicas' inputs, beside messages.
struct ReplicaNews {
  std::vector<LeaderAnnouncement> leaders;
  // Of the metadata's group.
  std::vector<LogEntry> applied;
  std::vector<partition::ProduceOutcome> produced;
  std::optional<Term> settled;

  bool empty() const { return leaders.empty() && applied.empty() && produced.empty() && !settled; }
};

// A node's replicas: what their actors do with them, and a disk that takes no time.
class Replicas {
public:
  explicit Replicas(NodeId self);

  bool has(GroupId group) const { return replicas_.contains(group); }
  void start(GroupId group, const Placement& placement);
  void place(GroupId group, const Placement& placement);
  void configure(GroupId group, const partition::ReplicaOptions& options);
  void peer_changed(NodeId node, bool up);
  void step(std::vector<raft::Message> messages);
  void tick();
  void hand_over(GroupId group, NodeId to);
  // To the metadata's group.
  void produce(partition::ProduceCommand command, TimestampMs now);

  // What was given to the disk is on it. False: nothing was.
  bool store();
  ReplicaNews take_news() { return std::exchange(news_, {}); }
  std::map<NodeId, PeerQueue>& outgoing() { return outgoing_; }
  bool need_ticks() const { return !ticking_.empty(); }
  // Of partitions, those that lead.
  std::size_t led() const;

private:
  struct Replica {
    Replica(partition::PartitionReplica::Start start, Placement wanted)
      : group(start.group), teller(start.group, start.self), placement(std::move(wanted)), replica(std::move(start)) {}

    GroupId group;
    membership::LeaderTeller teller;
    Placement placement;
    storage::MemoryLog log{std::uint64_t{1} << 30};
    Term settled_in{};
    bool ticking = false;
    partition::PartitionReplica replica;
  };
  struct Staged {
    Replica* replica;
    partition::Effects effects;
  };

  Replica* find(GroupId group);
  void route(Replica& replica);
  void route_metadata(partition::Effects& effects);
  void transmit(std::vector<raft::Message>& messages);
  void announce(Replica& replica);
  void advance(Replica& replica);

  NodeId self_;
  std::shared_ptr<partition::CacheBudget> cache_budget_;
  std::unordered_map<GroupId, std::unique_ptr<Replica>> replicas_;
  std::vector<Replica*> ticking_;
  std::set<NodeId> down_;
  std::vector<Staged> staged_;
  std::map<NodeId, PeerQueue> outgoing_;
  ReplicaNews news_;
};

} // namespace callboard::bench
