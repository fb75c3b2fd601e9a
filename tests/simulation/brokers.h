#pragma once

#include <functional>
#include <map>

#include "tests/simulation/group_history.h"
#include "tests/simulation/network.h"

namespace callboard::simulation {

// The newest leader of a group that was announced to clients.
struct Leader {
  Term term;
  NodeId node = no_node;
};

// The nodes of a run, as clients see them: asked by number, not always answered.
class Brokers {
public:
  using Produced = std::function<void(const partition::ProduceOutcome&)>;
  using Fetched = std::function<void(const partition::FetchOutcome&)>;

  virtual Leader leader(GroupId group) = 0;
  // Somebody who may lead or not.
  virtual NodeId anyone(Random& random) = 0;
  virtual void produce(NodeId to, GroupId group, partition::ProduceCommand command, Produced answer) = 0;
  virtual void fetch(NodeId from, GroupId group, const partition::FetchCommand& command, Fetched answer) = 0;
  // Null: it has none, or is down.
  virtual partition::PartitionReplica* replica(NodeId node, GroupId group) = 0;

protected:
  ~Brokers() = default;
};

// What the clients of a run share.
struct ClientSurroundings {
  Network& network;
  Findings& findings;
  std::map<GroupId, GroupHistory>& histories;
  Brokers& brokers;
  std::uint64_t seed = 0;
};

} // namespace callboard::simulation
