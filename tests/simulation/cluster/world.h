#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/cluster/chaos.h"
#include "tests/simulation/cluster/machine.h"
#include "tests/simulation/cluster/operator.h"
#include "tests/simulation/consumer.h"
#include "tests/simulation/producer.h"

namespace callboard::simulation::cluster {

struct Outcome {
  bool failed = false;
  std::string rule;
  std::string what;
  std::string phase;
  std::uint32_t ticks = 0;
  std::uint64_t digest = 0;
  std::uint64_t events = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t consumed = 0;
  std::uint64_t commands = 0;
  std::uint32_t recovery_ticks = 0; // the longest until everything was well once faults had ended
  EventCounts strikes{};
};

// One run of one scenario, in one thread: machines with empty directories form a cluster, are
// broken, operated and written to, and must be well again:
//
//   forming   the founders start, until all of them belong and are ready; faults of messages only
//   faults    machines, lines and disks break by the scenario's rates; operators and clients go on
//   recovery  everything works again: each partition is where and as it should be, everybody sees
//             the same, what was ordered is done or was refused with a reason
//   end       clients finish: all logs are compared, consumers have read all
class World final : private Brokers {
public:
  explicit World(const Scenario& scenario);
  Outcome run();

  // ---- for who breaks and operates
  const Scenario& plan() const { return plan_; }
  Timeline& timeline() { return timeline_; }
  Network& network() { return network_; }
  Findings& findings() { return findings_; }
  std::map<std::uint64_t, std::unique_ptr<Machine>>& machines() { return machines_; }
  Machine* machine_of(NodeId node);
  std::uint32_t ticks() const { return ticks_; }
  void struck(Event event) { ++strikes_[static_cast<std::size_t>(event)]; }
  // Of whoever sees most; null: nobody is ready.
  Machine* best_informed();
  // The controller, if there is one that acts.
  Machine* controller();
  // Every group has three voters or more, all of them on disks that have all that is committed:
  // one of them may be lost for good.
  bool spotless();
  // The controller counts on no node whose disk is lost.
  bool losses_noticed();
  const Operator& operators() const { return operator_; }
  // Some replica's log is damaged, or lacks what it had before it was.
  bool some_log_incomplete();
  std::vector<std::string> addresses() const;

private:
  Leader leader(GroupId group) override;
  NodeId anyone(Random& random) override;
  void produce(NodeId to, GroupId group, partition::ProduceCommand command, Produced answer) override;
  void fetch(NodeId from, GroupId group, const partition::FetchCommand& command, Fetched answer) override;
  partition::PartitionReplica* replica(NodeId node, GroupId group) override;

  struct Client {
    std::unique_ptr<Producer> producer;
    std::unique_ptr<Consumer> consumer;
  };

  void make_machines();
  void found(GroupId group, const Placement& placement);
  void tick();
  void run_ticks(std::uint32_t ticks);
  template <class Done>
  void run_until(std::uint32_t ticks_max, Done done);
  void form();
  void recover(const std::string& phase);
  void compare();
  bool has_all(NodeId node, GroupId group);
  // What is not as it should be; empty: nothing.
  std::string unwell();
  std::string unwell_cluster(Machine& controller);
  std::string unwell_partition(Machine& controller, const TopicRecord& topic, std::size_t index);
  std::string unwell_clients(const metadata::Image& image);
  std::string left_over(const metadata::Image& image);

  Scenario plan_;
  Findings findings_;
  Timeline timeline_;
  Network network_;
  std::map<GroupId, GroupHistory> histories_;
  std::map<GroupId, partition::ReplicaOptions> options_;
  ClusterHistory cluster_;
  std::map<std::uint64_t, std::unique_ptr<Machine>> machines_;
  ClusterSurroundings around_;
  ClientSurroundings for_clients_;
  Random random_;
  std::map<GroupId, Client> clients_;
  Chaos chaos_;
  Operator operator_;
  std::string phase_;
  EventCounts strikes_{};
  std::uint32_t ticks_ = 0;
  std::uint32_t recovery_ticks_ = 0;
};

} // namespace callboard::simulation::cluster
