#pragma once

#include <cstddef>
#include <vector>

#include "schema/ids.h"

namespace callboard::metadata {

// The groups of a topic that was created or grew, until each was seen with a leader. Asked whenever one
// is heard of: who was seen is not asked for again, or a topic of n partitions would cost n * n. A value.
class AwaitedLeaders {
public:
  // `groups` are the same every time.
  template <class IsLed>
  bool all_seen(const std::vector<GroupId>& groups, IsLed is_led) {
    while (seen_ < groups.size() && is_led(groups[seen_])) ++seen_;
    return seen_ == groups.size();
  }

private:
  std::size_t seen_ = 0; // from the front
};

} // namespace callboard::metadata
