#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "schema/controller_command.h"
#include "tests/simulation/cluster/machine.h"
#include "tests/simulation/random.h"

namespace callboard::simulation::cluster {

class World;

// People: create and change topics, drain, remove, rebalance, move, elect, at any node. Each
// order must be answered, or refused with a reason. Once faults have ended they bring the cluster
// to where it can be well: dead nodes are removed, drains that cannot end
// cancelled.
class Operator {
public:
  Operator(World& world, std::uint64_t seed);

  // Each by its rate; once a tick.
  void tick();
  // Once a look, after faults have ended.
  void tidy(std::uint32_t since_ticks);
  // What was ordered and not answered although the node that was asked lives on; empty: nothing.
  std::string unanswered() const;
  std::uint64_t orders() const { return orders_.size(); }
  // New partitions may be about to be placed, on whom nobody knows yet.
  bool places() const;
  // Groups may be about to shrink, perhaps to a copy that nobody has looked at.
  bool drains() const;

private:
  struct Order {
    std::string what;
    std::uint64_t machine = 0;
    std::uint64_t incarnation = 0;
    std::uint32_t at = 0;
    bool answered = false;
  };
  using Done = std::function<void(const ControllerOutcome&)>;

  bool now(Event event);
  void operate_topics();
  void operate_nodes();
  void order(Event event, const std::string& what, ControllerCommand command, Done done = {});
  bool send(const std::string& what, ControllerCommand command, Done done);
  void judge(const std::string& what, const ControllerOutcome& outcome);
  const TopicRecord* some_topic();
  std::vector<NodeId> nodes(NodeStatus status) const;
  bool may_place();
  void create();
  void alter(const TopicRecord& topic);
  void move(const TopicRecord& topic);
  void drain();
  void retire(NodeId node);

  World& world_;
  Random random_;
  std::vector<std::shared_ptr<Order>> orders_;
  std::uint32_t topics_ = 0;                // named so far
  std::uint32_t tidied_ = 0;                // tick
  std::optional<std::uint32_t> placed_at_;  // likewise
  std::optional<std::uint32_t> drained_at_; // likewise
};

} // namespace callboard::simulation::cluster
