#include "cluster/metadata/assignments.h"

#include <algorithm>
#include <utility>

namespace callboard::metadata {
namespace {

std::string why_not(const Image& image, NodeId node) {
  const auto* record = image.node(node);
  if (record == nullptr) return ", which this cluster does not have.";
  return record->status == NodeStatus::draining ? ", which is being drained." : ", which was removed from the cluster.";
}

// Without a majority of its replicas a new partition would have no leader.
Status check_alive(const PlacementView& view, std::size_t factor) {
  const auto needed = factor / 2 + 1;
  if (view.active_and_alive() >= needed) return ok_status();
  return Error{ErrorCode::invalid_replication_factor,
               "Of the nodes that may hold replicas " + std::to_string(view.active_and_alive()) +
                   " are up; a partition with " + std::to_string(factor) + " needs " + std::to_string(needed) +
                   " to have a leader. Start more of them (callboard cluster nodes)."};
}

} // namespace

Status check_replicas(const Image& image, const PlacementView& view, std::span<const NodeId> replicas,
                      const std::string& which) {
  const auto refused = [&](const std::string& why) {
    return Error{ErrorCode::invalid_replica_assignment, which + why};
  };
  if (const auto only = view.only_node(); only && (replicas.size() != 1 || replicas.front() != *only)) {
    return refused(" must name node " + std::to_string(only->value) + " and no other: it is the only one.");
  }
  if (replicas.empty()) return refused(" names no node; give one or more, the preferred leader first.");
  for (auto it = replicas.begin(); it != replicas.end(); ++it) {
    const auto name = " names node " + std::to_string(it->value);
    if (!view.is_active(*it)) return refused(name + why_not(image, *it));
    if (std::find(replicas.begin(), it, *it) != it) return refused(name + " twice.");
  }
  return ok_status();
}

Status check_factor(const PlacementView& view, std::int16_t factor) {
  if (factor == -1) return check_alive(view, default_factor(view.active()).voters);
  if (factor >= 1 && std::cmp_less_equal(factor, view.active()))
    return check_alive(view, static_cast<std::size_t>(factor));
  const auto asked = "Replication factor " + std::to_string(factor);
  if (factor < 1) {
    return Error{ErrorCode::invalid_replication_factor,
                 asked + " is not possible; give 1 or more, or -1 for the default."};
  }
  const auto nodes = std::to_string(view.active());
  return Error{ErrorCode::invalid_replication_factor, asked + " needs as many nodes; this cluster has " + nodes +
                                                          ". Give " + (view.active() > 1 ? "1 to " : "") + nodes +
                                                          ", or -1 for the default."};
}

} // namespace callboard::metadata
