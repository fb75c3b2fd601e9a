#pragma once

#include <cstdint>
#include <unordered_map>

#include "schema/ids.h"
#include "schema/time.h"

namespace callboard {

// Which run of every other node speaks, as far as one loop has heard. While a run is
// heard of, an earlier one of the same node is not listened to: what it says is late, or
// its data directory was copied. A run that has gone silent is forgotten, so that a node
// whose clock went back is let in again. Belongs to one KJ loop.
class Incarnations {
public:
  static constexpr Duration remembered = std::chrono::seconds(3);

  // Hears `incarnation` of `node`, one of the cluster's. False: a later one was heard of just now.
  bool admit(NodeId node, std::uint64_t incarnation, Instant now) {
    auto& known = runs_[node];
    if (incarnation < known.incarnation && now - known.heard < remembered) return false;
    known = {incarnation, now};
    return true;
  }

private:
  struct Run {
    std::uint64_t incarnation = 0;
    Instant heard{};
  };
  std::unordered_map<NodeId, Run> runs_;
};

} // namespace callboard
