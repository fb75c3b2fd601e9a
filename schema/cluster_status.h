#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/ids.h"
#include "schema/metadata_record.h"
#include "schema/uuid.h"

// How the cluster is, for people and programs: `callboard cluster status`.
namespace callboard {

struct NodeSummary {
  NodeRecord node;
  bool up = false;            // as whoever says it sees the node
  std::uint64_t leads = 0;    // partitions that it leads
  std::uint64_t replicas = 0; // of partitions, as placed

  bool operator==(const NodeSummary&) const = default;
};

// What the controller is busy with.
struct ClusterOperation {
  std::string what;      // "drain", "replace", "rebalance", "factor", "move"
  NodeId node = no_node; // of drain and replace
  std::uint64_t done = 0;
  std::uint64_t total = 0;   // replicas of drain and replace, else partitions; grows while it is found out
  std::string waiting{};     // for what, as sentences; empty: it goes on
  std::int64_t left_ms = -1; // how long it takes at the pace so far; -1: not known

  bool operator==(const ClusterOperation&) const = default;
};

struct ClusterStatus {
  Uuid cluster;
  NodeId told_by = no_node;    // whose view this is
  NodeId controller = no_node; // who controls the cluster, as far as that node knows
  // Why that node cannot say more, or serve: what it waits for, as sentences; empty: nothing.
  std::string waiting{};
  std::vector<NodeSummary> nodes{}; // by id, without those that were removed
  std::vector<ClusterOperation> operations{};
  std::vector<NodeId> metadata_voters{};
  std::vector<NodeId> metadata_learners{};
  std::uint64_t topics = 0;
  std::uint64_t partitions = 0;
  std::uint64_t leaderless = 0;       // partitions without a leader that is up
  std::uint64_t under_replicated = 0; // with a leader, and a replica that is not in sync
  // Of the node that was asked with others: whom it refuses or is refused by, whose clock is
  // another; sentences.
  std::vector<std::string> troubles{};

  bool operator==(const ClusterStatus&) const = default;
};

} // namespace callboard
