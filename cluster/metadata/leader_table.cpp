#include "cluster/metadata/leader_table.h"

#include <algorithm>

#include "cluster/metadata/placement.h"

namespace callboard::metadata {
namespace {

bool contains(const std::vector<NodeId>& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

} // namespace

bool LeaderTable::learn(const LeaderAnnouncement& announcement) {
  const auto [known, inserted] = groups_.try_emplace(announcement.group, announcement);
  if (inserted) return true;
  if (!announcement.newer_than(known->second)) return false;
  known->second = announcement;
  return true;
}

const LeaderAnnouncement* LeaderTable::find(GroupId group) const {
  const auto found = groups_.find(group);
  return found == groups_.end() ? nullptr : &found->second;
}

bool is_settled(const LeaderAnnouncement& announcement, const Placement& placement) {
  return same_nodes(announcement.voters, placement.voters) && same_nodes(announcement.learners, placement.learners);
}

bool has_replica(const LeaderAnnouncement& announcement, NodeId node) {
  return contains(announcement.voters, node) || contains(announcement.learners, node);
}

} // namespace callboard::metadata
