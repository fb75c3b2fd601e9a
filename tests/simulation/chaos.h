#pragma once

#include "tests/simulation/node.h"

namespace callboard::simulation {

// What goes wrong by events: nodes, lines and disks. And what people do to a cluster
// meanwhile: members change, leaders hand over, logs are trimmed.
class Chaos {
public:
  explicit Chaos(Surroundings& around);

  // Each fault by its rate; once a tick.
  void tick();
  // Everything works again, as far as it can: what has rotted stays rotten.
  void end();
  // A minority breaks and stays so until end(). What it is, for people.
  std::string break_minority();

private:
  bool now(Fault fault) { return random_.chance(around_.scenario.rate(fault) / 1000); }
  void break_nodes();
  void break_disks();
  void end_reigns();
  void administer();

  Node& some_node();
  GroupId some_group();
  Node* leader_of(GroupId group);
  void crash_some_node();
  void crash_all_nodes();
  void crash_within_tick(const std::vector<NodeId>& nodes);
  void crash(Node& node, Time duration);
  void cut(bool one_way);
  void cut(NodeId from, NodeId to, Time duration);
  void rot();
  void cut_power();
  void alter();
  bool is_incomplete(GroupId group) const;
  bool repeats_another(GroupId group) const;
  bool is_known_to_all(GroupId group, const Membership& membership) const;
  NodeId newest_log(GroupId group, const std::vector<NodeId>& voters) const;
  void change_membership();
  void part(NodeId leader, const std::vector<NodeId>& before, const std::vector<NodeId>& after);
  Membership changed(Membership membership);
  void move_log_start();
  void transfer();
  void stop_leaders();

  Surroundings& around_;
  Random random_;
  std::map<GroupId, Term> reigns_; // whose end, perhaps none, is decided
  bool ended_ = false;
};

} // namespace callboard::simulation
