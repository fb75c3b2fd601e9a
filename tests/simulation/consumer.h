#pragma once

#include "tests/simulation/brokers.h"

namespace callboard::simulation {

// Reads one group from its start: every offset that is kept, once, in order.
class Consumer {
public:
  Consumer(ClientSurroundings& around, GroupId group, std::uint64_t number);

  void tick();
  // Everything committed was read.
  bool caught_up() const { return position_ == around_.histories.at(group_).committed_end(); }
  std::uint64_t batches() const { return batches_; }

private:
  void fetch();
  void answered(std::uint64_t request, Term epoch, const partition::FetchOutcome& outcome);
  void find_start(NodeId leader, Term epoch);

  ClientSurroundings& around_;
  GroupId group_;
  Random random_;
  Offset position_;
  NodeId leader_ = no_node; // as last known, and the one before
  NodeId led_before_ = no_node;
  std::uint64_t request_ = 0; // the newest; answers to others are late
  bool waiting_ = false;
  std::uint32_t idle_ticks_ = 0;
  std::uint64_t batches_ = 0;
};

} // namespace callboard::simulation
