#pragma once

#include <string>

#include "cluster/partition/partition_replica.h"

namespace callboard::simulation {

// What happens in one group, a line each, for who looks for the reason of a failure.
class Trace {
public:
  // Group 0: nothing is printed.
  explicit Trace(GroupId group) : group_(group) {}
  bool wants(GroupId group) const { return group_.value != 0 && group == group_; }
  void print(std::uint64_t now, NodeId node, const std::string& what) const;

private:
  GroupId group_;
};

std::string describe(const raft::Message& message);
std::string describe(const LogWrite& write);
std::string describe(const HardState& hard);
// Its role and how far it is.
std::string describe(const partition::PartitionReplica& replica);

} // namespace callboard::simulation
