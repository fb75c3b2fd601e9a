#pragma once

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "schema/peer_message.h"

namespace callboard::metadata {

// Leaders of groups whose topic the image does not have yet. They are not told again, so they are kept until
// it has: a node that joins hears of every leader at once and reads the metadata afterwards. Pure.
class EarlyLeaders {
public:
  // Some are of groups that are no more, and stay. At the limit all are forgotten; it is far above
  // what a large cluster (100,000 partitions) tells whoever joins.
  static constexpr std::size_t groups_max = 1'000'000;

  // The newest of each group.
  void keep(const LeaderAnnouncement& announcement);
  // Those of `groups`, which are forgotten here.
  std::vector<LeaderAnnouncement> take(const std::vector<GroupId>& groups);
  std::size_t size() const { return groups_.size(); }

private:
  std::unordered_map<GroupId, LeaderAnnouncement> groups_;
};

} // namespace callboard::metadata
