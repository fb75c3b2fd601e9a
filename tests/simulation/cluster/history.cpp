#include "tests/simulation/cluster/history.h"

#include <algorithm>

#include "cluster/membership/group_duties.h"
#include "schema/crc32c.h"
#include "schema/rpc/translate.h"

namespace callboard::simulation::cluster {
namespace {

constexpr std::uint64_t seen_every = 8; // a look at an image costs more than an entry

std::string text(NodeId node) {
  return "node " + std::to_string(node.value);
}

} // namespace

std::uint64_t digest_of(const metadata::Image& image) {
  std::uint64_t digest = image.next_group().value ^ static_cast<std::uint64_t>(image.next_producer().value) << 20U;
  const auto add = [&digest](const MetadataRecord& record) {
    digest = (digest ^ crc32c(bytes_of(rpc::encode_metadata_record(record)))) * 0x9E3779B97F4A7C15ULL;
    digest ^= digest >> 29U;
  };
  for (const auto& [name, topic] : image.topics()) add(topic);
  for (const auto& [id, node] : image.nodes()) add(node);
  if (image.controllers()) add(ControllersRecord{*image.controllers()});
  return digest;
}

void ClusterHistory::belongs(const Uuid& identity, const Uuid& cluster, NodeId node) {
  clusters_.insert(cluster);
  if (clusters_.size() > 1) fail("one cluster", text(node) + " belongs to a second cluster");
  if (const auto known = identities_.emplace(node, identity).first; known->second != identity)
    fail("node ids", text(node) + " is two directories");
  if (const auto known = ids_.emplace(identity, node).first; known->second != node)
    fail("node ids", "the directory of " + text(known->second) + " is " + text(node) + " too");
}

void ClusterHistory::applied(NodeId node, RaftIndex index, const MetadataRecord& record,
                             const metadata::Image& before) {
  findings_.note(node.value, index.value, record.index());
  if (const auto* of_node = std::get_if<NodeRecord>(&record)) {
    check(*of_node);
    if (of_node->status == NodeStatus::removed) {
      if (removed_.emplace(of_node->id, index).second) check_removed(of_node->id);
    } else if (const auto gone = removed_.find(of_node->id); gone != removed_.end() && gone->second < index) {
      fail("removed nodes", text(of_node->id) + " was removed and is back");
    }
  }
  if (const auto* topic = std::get_if<TopicRecord>(&record)) check(*topic, before);
  if (const auto* placement = std::get_if<PlacementRecord>(&record)) check(*placement, before);
}

void ClusterHistory::check_removed(NodeId node) {
  for (const auto& [group, history] : groups_) {
    const auto& members = history.membership();
    if (history.ended() || (group == metadata_group ? !members.is_voter(node) : !members.contains(node))) continue;
    fail("removed nodes", text(node) + " is removed and still belongs to group " + std::to_string(group.value));
  }
}

void ClusterHistory::check(const NodeRecord& record) {
  if (const auto known = identities_.emplace(record.id, record.identity).first; known->second != record.identity)
    fail("node ids", text(record.id) + " was given to a second directory");
  if (const auto known = ids_.emplace(record.identity, record.id).first; known->second != record.id)
    fail("node ids", "the directory of " + text(known->second) + " was given the id of " + text(record.id));
}

void ClusterHistory::check(const TopicRecord& record, const metadata::Image& before) {
  const auto* known = before.topic(record.id);
  for (std::size_t i = 0; i < record.groups.size(); ++i) {
    const auto had = known != nullptr && i < known->groups.size() ? known->placement(i) : Placement{};
    check(record.name + "/" + std::to_string(i), record.placement(i), had, before);
  }
}

void ClusterHistory::check(const PlacementRecord& record, const metadata::Image& before) {
  const auto had = before.placement_of(record.group);
  if (!had) fail("placements", "group " + std::to_string(record.group.value) + " is placed, which is none");
  check("group " + std::to_string(record.group.value), record.placement, had.value_or(Placement{}), before);
}

void ClusterHistory::check(const std::string& which, const Placement& now, const Placement& had,
                           const metadata::Image& before) {
  std::set<NodeId> nodes;
  for (const auto* replicas : {&now.voters, &now.learners})
    for (const auto node : *replicas) {
      if (!nodes.insert(node).second) fail("placements", which + " has two replicas on " + text(node));
      if (before.node(node) == nullptr) fail("placements", which + " is placed on " + text(node) + ", which is none");
    }
  if (now.voters.empty()) fail("placements", which + " has no voter");
  // A node that was removed gets nothing new.
  for (const auto node : nodes) {
    const auto* member = before.node(node);
    if (member != nullptr && member->status == NodeStatus::removed && !membership::names(had, node))
      fail("placements", which + " is placed on " + text(node) + ", which was removed");
  }
}

void ClusterHistory::seen(NodeId node, RaftIndex index, const metadata::Image& after) {
  if (index.value % seen_every != 0 && images_.find(index) == images_.end()) return;
  const auto digest = digest_of(after);
  const auto known = images_.emplace(index, digest).first;
  if (known->second != digest)
    fail("images", text(node) + " sees another cluster than others as of entry " + std::to_string(index.value));
}

void ClusterHistory::acted(NodeId node, Term term) {
  findings_.note(node.value, term.value);
  const auto known = controllers_.emplace(term, node).first;
  if (known->second != node)
    fail("controllers", text(known->second) + " and " + text(node) + " both act in term " + std::to_string(term.value));
}

} // namespace callboard::simulation::cluster
