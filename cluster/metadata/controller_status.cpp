// What the controller tells people: how far it is, what it waits for, and why a node cannot go.
#include <algorithm>

#include "cluster/metadata/controller.h"

namespace callboard::metadata {
namespace {

bool contains(const std::vector<NodeId>& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

bool votes(const Image& image, NodeId node) {
  return image.controllers() && contains(image.controllers()->voters, node);
}

std::string count(std::size_t number, const std::string& one) {
  return std::to_string(number) + " " + one + (number == 1 ? "" : "s");
}

std::string sentence(Obstacle obstacle, std::size_t partitions) {
  const auto which = count(partitions, "partition");
  const bool one = partitions == 1;
  switch (obstacle) {
  case Obstacle::none: break;
  case Obstacle::no_leader:
    return which + (one ? " has" : " have") + " no leader that is alive; start the nodes that hold a majority of " +
           (one ? "its" : "their") + " replicas.";
  case Obstacle::no_node:
    return which + (one ? " finds" : " find") + " no other node that is alive and could take a replica; add a node.";
  case Obstacle::few_copies:
    return which + (one ? " has" : " have") + " another replica on a node that is away; start that node first.";
  }
  return {};
}

} // namespace

// Groups that may still have a replica there although they were placed elsewhere. Of the metadata
// only the vote counts: every node learns it.
std::size_t Controller::still_there(const Image& image, NodeId node) const {
  std::size_t groups = 0;
  moves_.for_each([&](GroupId group, MoveReason) {
    const bool learning_is_fine = group == metadata_group;
    const auto placement = image.placement_of(group);
    if (!placement || contains(placement->voters, node)) return;
    if (!learning_is_fine && contains(placement->learners, node)) return;
    const auto* known = leaders_->find(group);
    // Who lost its leader knows of no members.
    const bool unknown = known == nullptr || known->voters.empty();
    if (unknown || (learning_is_fine ? contains(known->voters, node) : has_replica(*known, node))) ++groups;
  });
  return groups;
}

std::string Controller::waits_for(const Image& image, MoveReason what, NodeId node) const {
  std::size_t partitions[4] = {};
  for (const auto& [topic, waits] : waits_)
    for (const auto& wait : waits)
      if (wait.what == what && wait.node == node)
        partitions[static_cast<std::size_t>(wait.obstacle)] += wait.partitions;
  std::string text;
  const auto add = [&](const std::string& more) {
    if (!more.empty()) text += (text.empty() ? "" : " ") + more;
  };
  for (const auto obstacle : {Obstacle::no_leader, Obstacle::no_node, Obstacle::few_copies})
    if (const auto number = partitions[static_cast<std::size_t>(obstacle)]; number > 0) add(sentence(obstacle, number));
  if (const auto stuck = moves_.stuck(what); stuck > 0)
    add(count(stuck, "partition") + (stuck == 1 ? " moves" : " move") + " to or beside a node that is away.");
  if (node != no_node && votes(image, node) && !check_controllers_)
    add("It votes on the metadata, and no other node that is alive can take the vote.");
  return text;
}

std::vector<OperationStatus> Controller::operations(const Image& image) const {
  std::vector<OperationStatus> operations;
  for (const auto& [id, record] : image.nodes()) {
    const bool drains = record.status == NodeStatus::draining;
    if (record.status == NodeStatus::removed || (!drains && !liveness_.gone.contains(id))) continue;
    const auto what = drains ? MoveReason::drain : MoveReason::replace;
    const auto left = image.load(id).replicas + still_there(image, id);
    const auto most = most_left_.find(id);
    const auto total = std::max(left, most == most_left_.end() ? 0 : most->second);
    if (drains || left > 0 || votes(image, id))
      operations.push_back({what, id, total - left, total, waits_for(image, what, id)});
  }
  for (const auto what : {MoveReason::factor, MoveReason::rebalance, MoveReason::by_hand}) {
    const auto waiting = waits_for(image, what, no_node);
    const bool asked = what == MoveReason::rebalance && rebalance_.asked;
    if (moves_.open(what) == 0 && waiting.empty() && !asked) continue;
    const auto done = moves_.done(what);
    operations.push_back({what, no_node, done, done + moves_.open(what), waiting});
  }
  return operations;
}

std::vector<GroupId> Controller::moving() const {
  std::vector<GroupId> groups;
  moves_.for_each([&](GroupId group, MoveReason) { groups.push_back(group); });
  return groups;
}

Result<std::vector<MetadataRecord>> Controller::plan_remove(const Image& image, NodeId node) const {
  const auto number = std::to_string(node.value);
  const auto refused = [&](const std::string& why) {
    return Error{ErrorCode::invalid_request, "Node " + number + " cannot be removed: " + why};
  };
  auto found = find_node(image, node);
  if (!found) return found.error();
  if (found->status == NodeStatus::active && active_nodes(image) == 1)
    return refused("it is the last one that may hold replicas.");
  const auto how = found->status == NodeStatus::draining ? std::string("wait until it is drained.")
                   : liveness_.gone.contains(node)
                       ? "they are still to be replaced, or drain it: `callboard cluster drain " + number + "`."
                       : "drain it first: `callboard cluster drain " + number + "`.";
  const auto left = image.load(node).replicas + still_there(image, node);
  if (left > 0) return refused("it holds " + count(left, "replica") + "; " + how);
  if (votes(image, node)) return refused("it votes on the metadata; " + how);
  std::vector<MetadataRecord> records;
  // First, so that nobody learns the metadata who is not of the cluster any more.
  if (image.controllers() && contains(image.controllers()->learners, node)) {
    auto controllers = ControllersRecord{*image.controllers()};
    std::erase(controllers.placement.learners, node);
    controllers.placement.original = false;
    records.emplace_back(std::move(controllers));
  }
  found->status = NodeStatus::removed;
  records.emplace_back(std::move(*found));
  return records;
}

} // namespace callboard::metadata
