#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/chaos.h"
#include "tests/simulation/consumer.h"
#include "tests/simulation/producer.h"

namespace callboard::simulation {

struct Outcome {
  bool failed = false;
  std::string rule;
  std::string what;
  std::string phase;
  std::uint32_t ticks = 0; // when it ended
  std::uint64_t digest = 0;
  std::uint64_t events = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t consumed = 0;
  std::uint32_t recovery_ticks = 0; // until everything was well once faults had ended
  FaultCounts strikes{};
  std::uint64_t states_replaced = 0;
  std::uint64_t heals = 0; // damaged replicas that began anew
};

// One run of one scenario, in one thread:
//
//   faults    nodes, lines and disks break by the scenario's rates, clients go on
//   recovery  everything works again: every group serves, all replicas catch up
//   minority  something stays broken, if the scenario says so: every group that has a
//             majority which can talk serves all the same
//   end       everything works again: all logs are compared, consumers have read all
class Simulation final : private Brokers {
public:
  explicit Simulation(const Scenario& scenario);
  Outcome run();

private:
  Leader leader(GroupId group) override { return leaders_[group]; }
  NodeId anyone(Random& random) override;
  void produce(NodeId to, GroupId group, partition::ProduceCommand command, Produced answer) override;
  void fetch(NodeId from, GroupId group, const partition::FetchCommand& command, Fetched answer) override;
  partition::PartitionReplica* replica(NodeId node, GroupId group) override { return nodes_.at(node)->find(group); }

  void found_groups();
  void make_clients();
  void run_ticks(std::uint32_t ticks);
  // Until `done`, which must come about within a bound.
  template <class Done>
  void run_until(const std::string& what, Done done);
  void tick();
  void check_states();
  void recover(const std::string& phase);
  void endure_broken_minority();
  bool cannot_be_told(GroupId group);
  void compare_replicas();
  std::string unwell(GroupId group);
  std::string behind(GroupId group, const partition::PartitionReplica& leader);
  partition::PartitionReplica* leading_replica(GroupId group);
  bool can_serve(GroupId group) const;
  bool has_majority(GroupId group, const Membership& membership) const;
  bool reachable(GroupId group, NodeId from, NodeId to) const;
  bool healthy(GroupId group, NodeId node) const;

  Scenario scenario_;
  Findings findings_;
  Timeline timeline_;
  Network network_;
  std::map<GroupId, GroupHistory> histories_;
  std::map<GroupId, partition::ReplicaOptions> options_;
  std::map<GroupId, Leader> leaders_;
  std::map<NodeId, std::unique_ptr<Node>> nodes_;
  Surroundings around_;
  ClientSurroundings for_clients_;
  Chaos chaos_;
  std::vector<std::unique_ptr<Producer>> producers_;
  std::vector<std::unique_ptr<Consumer>> consumers_;
  std::map<GroupId, std::unique_ptr<Producer>> probes_;
  std::string phase_;
  bool faults_ = false;
  std::uint32_t ticks_ = 0;
  std::uint32_t recovery_ticks_ = 0;
};

} // namespace callboard::simulation
