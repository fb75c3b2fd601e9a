#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "tests/bench/cluster_cost/node.h"

namespace callboard::bench {

// Nodes, the network between them and their time, which passes when nothing is left to do.
// Calls arrive 5 ms after they were made, none is lost, disks take no time.
class Cluster {
public:
  // So many nodes in five racks, and partitions of three replicas in topics of 100.
  Cluster(int nodes, int partitions);

  void create_topic(const std::string& name, int partitions);
  void alter_topic(const std::string& name, const std::string& config, const std::string& value);
  NodeId join();
  void kill(NodeId node);
  // So much time without an event.
  void wait(Duration duration);
  // Until nothing is under way.
  void run();
  // And until preferred leaders have had their time to take over, and nothing comes of it any more.
  void settle();

  Node& controller();
  std::map<NodeId, std::unique_ptr<Node>>& nodes() { return nodes_; }
  Duration elapsed() const { return now_ - Instant{}; }
  // Every node knows a leader that lives of every partition, and nothing is on the move.
  bool well();

private:
  void add(bool founds);
  void run_until(const std::function<bool()>& done);
  bool pass();
  void deliver();
  void connect(Node& node);
  bool hand_over();
  std::uint64_t calls();

  std::map<NodeId, std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<Node>> dead_;
  std::map<NodeId, std::vector<Call>> under_way_;
  Instant now_{};
  std::uint64_t passes_ = 0;
  NodeId last_ = no_node.next();
};

} // namespace callboard::bench
