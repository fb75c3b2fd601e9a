#include "cluster/metadata/early_leaders.h"

#include <utility>

namespace callboard::metadata {

void EarlyLeaders::keep(const LeaderAnnouncement& announcement) {
  if (groups_.size() >= groups_max) groups_.clear();
  auto& newest = groups_.try_emplace(announcement.group, announcement).first->second;
  if (announcement.newer_than(newest)) newest = announcement;
}

std::vector<LeaderAnnouncement> EarlyLeaders::take(const std::vector<GroupId>& groups) {
  std::vector<LeaderAnnouncement> taken;
  if (groups_.empty()) return taken;
  for (const auto group : groups)
    if (auto kept = groups_.extract(group); !kept.empty()) taken.push_back(std::move(kept.mapped()));
  return taken;
}

} // namespace callboard::metadata
