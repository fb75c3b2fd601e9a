#include "cluster/membership/stopped_replicas.h"

#include <algorithm>
#include <iterator>

namespace callboard::membership {

std::vector<GroupId> StoppedReplicas::heard(NodeId node, std::vector<GroupId> stopped) {
  const auto known = stopped_.find(node);
  if (known == stopped_.end() && stopped.empty()) return {};
  std::sort(stopped.begin(), stopped.end());
  std::vector<GroupId> back;
  if (known != stopped_.end())
    std::set_difference(known->second.begin(), known->second.end(), stopped.begin(), stopped.end(),
                        std::back_inserter(back));
  if (stopped.empty())
    stopped_.erase(known);
  else
    stopped_.insert_or_assign(node, std::move(stopped));
  return back;
}

} // namespace callboard::membership
