#pragma once

#include <map>
#include <optional>
#include <string>

#include "cluster/partition/partition_replica.h"
#include "tests/simulation/scenario.h"

namespace callboard::simulation {

// Some groups are like internal partitions: their log is applied to a state of its own.
inline bool keeps_state(const Scenario& scenario, GroupId group) {
  return (scenario.seed + group.value) % 2 == 0;
}

// What a log comes to: few rows, so that each is written again and again and removed. In
// the place of storage/state_store.h.
struct AppliedState {
  std::map<std::string, std::string> rows;
  RaftIndex applied;
  Offset next_offset;

  void apply(const LogEntry& entry);
  // Rows behind `after`, few at a time.
  raft::StatePart part(const std::string& after) const;
};

// A node's of one group: in memory, and what takes its place. On disk: StoredGroup::state.
struct GroupState {
  AppliedState state;
  std::map<std::string, std::string> incoming;
  std::optional<Offset> log_start_due; // until that much of the state is on disk
};

} // namespace callboard::simulation
