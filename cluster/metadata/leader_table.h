#pragma once

#include <cstddef>
#include <unordered_map>

#include "schema/peer_message.h"

namespace callboard::metadata {

// The newest that was heard of each group's leader, in whatever order it arrived. Pure.
class LeaderTable {
public:
  // Whether it is news: of a higher term, or more of the same.
  bool learn(const LeaderAnnouncement& announcement);
  void forget(GroupId group) { groups_.erase(group); }
  // Null: nothing was heard of it. Valid until the group's next learn() or forget().
  const LeaderAnnouncement* find(GroupId group) const;
  std::size_t size() const { return groups_.size(); }

private:
  std::unordered_map<GroupId, LeaderAnnouncement> groups_;
};

// Whether the group's membership is what the controller wants, as its leader said.
bool is_settled(const LeaderAnnouncement& announcement, const Placement& placement);

// Whether `node` has a replica of the group, as its leader said.
bool has_replica(const LeaderAnnouncement& announcement, NodeId node);

} // namespace callboard::metadata
