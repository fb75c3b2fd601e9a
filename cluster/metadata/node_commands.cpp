#include "cluster/metadata/node_commands.h"

#include <algorithm>

#include "cluster/membership/sabotage.h"
#include "cluster/metadata/placement_change.h"

namespace callboard::metadata {
namespace {

std::string name(NodeId node) {
  return "node " + std::to_string(node.value);
}

// Two of one address would hear each other's messages. One that is away may have been replaced
// by this one: its data directory was wiped.
Status check_address(const Image& image, const NodeRecord& wanted, const Liveness& liveness) {
  for (const auto& [id, other] : image.nodes()) {
    if (id == wanted.id || other.status == NodeStatus::removed || !liveness.alive.contains(id)) continue;
    for (const auto& [mine, theirs] : {std::pair(wanted.peer, other.peer), std::pair(wanted.client, other.client)}) {
      if (mine.port == 0 || mine != theirs) continue;
      return Error{ErrorCode::duplicate_broker_registration,
                   "The node with the identity " + wanted.identity.hex() + " says that it is reached at " +
                       mine.text() + ", but " + name(id) +
                       ", which is alive, is reached there; give one of them another address with --advertise."};
    }
  }
  return ok_status();
}

// The most that the nodes can fill, of 1, 3 and 5. Five of which one is gone survive no more than three that are
// there, and its node could not be removed; of three one may be gone: two disks have more than one.
std::size_t wanted_voters(const PlacementView& view, std::size_t now) {
  for (auto wanted = controller_count(view.active()); wanted > 1; wanted -= 2) {
    const bool keeps = wanted <= now && (wanted == 3 || view.active_and_not_gone() >= wanted);
    if (keeps || view.active_and_alive() >= wanted) return wanted;
  }
  return 1;
}

} // namespace

Result<NodeRecord> find_node(const Image& image, NodeId node) {
  const auto* record = image.node(node);
  if (record == nullptr)
    return Error{ErrorCode::broker_id_not_registered,
                 "This cluster has no " + name(node) + "; `callboard cluster nodes` lists those it has."};
  if (record->status == NodeStatus::removed)
    return Error{ErrorCode::broker_id_not_registered,
                 "N" + name(node).substr(1) + " was removed from the cluster and does not come back."};
  return *record;
}

std::size_t active_nodes(const Image& image) {
  return static_cast<std::size_t>(std::count_if(image.nodes().begin(), image.nodes().end(), [](const auto& node) {
    return node.second.status == NodeStatus::active;
  }));
}

Result<NodeRecord> plan_join(const Image& image, const JoinRequest& request, const Liveness& liveness) {
  if (request.identity.is_zero()) {
    return Error{ErrorCode::invalid_request, "A node that joins must say the identity of its data directory."};
  }
  NodeRecord record{image.next_node(), request.identity, request.peer, request.client, request.rack, request.version};
  if (membership::sabotaged(membership::Sabotage::node_id_reused))
    for (const auto& [id, node] : image.nodes())
      if (node.status == NodeStatus::removed) record.id = id;
  if (const auto* known = image.node(request.identity)) {
    const bool readmitted = membership::sabotaged(membership::Sabotage::removed_node_readmitted);
    if (known->status == NodeStatus::removed && !readmitted) {
      return Error{ErrorCode::duplicate_broker_registration,
                   "This data directory belongs to " + name(known->id) +
                       ", which was removed from the cluster; start with an empty one to join as a new node."};
    }
    record.id = known->id;
    record.status = known->status == NodeStatus::removed ? NodeStatus::active : known->status;
  }
  if (auto free = check_address(image, record, liveness); !free.ok()) return free.error();
  return record;
}

Result<NodeRecord> plan_registration(const Image& image, const NodeRecord& node, const Liveness& liveness) {
  if (image.node(node.identity) == nullptr && node.id != no_node && !image.nodes().empty())
    return Error{ErrorCode::invalid_request,
                 "This cluster knows no " + name(node.id) +
                     " with this data directory. It belongs to another cluster, or the cluster's metadata was lost."};
  JoinRequest request;
  request.identity = node.identity;
  request.peer = node.peer;
  request.client = node.client;
  request.rack = node.rack;
  request.version = node.version;
  return plan_join(image, request, liveness);
}

Result<std::vector<MetadataRecord>> plan_registration_records(const Image& image, const NodeRecord& node,
                                                              const Liveness& liveness) {
  using Records = std::vector<MetadataRecord>;
  auto record = plan_registration(image, node, liveness);
  if (!record) return record.error();
  const auto* known = image.node(record->id);
  if (node.id == no_node && known != nullptr && *known == *record) return Records{};
  return Records{std::move(*record)};
}

Result<NodeRecord> plan_drain(const Image& image, NodeId node) {
  auto record = find_node(image, node);
  if (!record) return record;
  if (record->status == NodeStatus::active && active_nodes(image) == 1) {
    return Error{ErrorCode::invalid_request,
                 "N" + name(node).substr(1) + " is the last one that may hold replicas; add another before it drains."};
  }
  record->status = NodeStatus::draining;
  return record;
}

Result<NodeRecord> plan_cancel_drain(const Image& image, NodeId node) {
  auto record = find_node(image, node);
  if (record) record->status = NodeStatus::active;
  return record;
}

std::optional<ControllersRecord> plan_controllers(const Image& image, const Liveness& liveness) {
  const PlacementView view(image, liveness);
  Placement now;
  if (image.controllers()) {
    now = *image.controllers();
  } else {
    const auto first = std::find_if(image.nodes().begin(), image.nodes().end(),
                                    [&](const auto& node) { return view.is_active(node.first); });
    if (first == image.nodes().end()) return std::nullopt;
    now.voters = {first->first};
  }
  const Placement voters_now{now.voters, {}, now.original};
  const auto change =
      change_placement(view, voters_now, {wanted_voters(view, now.voters.size()), 0}, spread_seed(metadata_group));
  auto next = change.placement.value_or(voters_now);
  for (const auto& [id, record] : image.nodes()) {
    const bool votes = std::find(next.voters.begin(), next.voters.end(), id) != next.voters.end();
    if (!votes && record.status != NodeStatus::removed) next.learners.push_back(id);
  }
  if (image.controllers() && next.voters == now.voters && next.learners == now.learners) return std::nullopt;
  next.original = next.voters == now.voters && next.learners == now.learners;
  if (!image.controllers() && next.voters == now.voters) next.original = true;
  return ControllersRecord{std::move(next)};
}

} // namespace callboard::metadata
