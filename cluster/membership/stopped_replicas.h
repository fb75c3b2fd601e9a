#pragma once

#include <map>
#include <vector>

#include "schema/ids.h"

namespace callboard::membership {

// Which replicas each other node says are out of service, heartbeat by heartbeat. Who is not named any more
// has begun anew, on a node that was up all the time: its group may rest, and would not look for it.
class StoppedReplicas {
public:
  // `stopped`: all that `node` names now, in any order. Those that it named the last time and does not now.
  std::vector<GroupId> heard(NodeId node, std::vector<GroupId> stopped);

private:
  std::map<NodeId, std::vector<GroupId>> stopped_; // sorted; none for nodes that named nobody
};

} // namespace callboard::membership
