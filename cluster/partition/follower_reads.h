#pragma once

#include <optional>
#include <vector>

#include "cluster/partition/catch_up_throttle.h"
#include "cluster/raft/raft.h"

namespace callboard::partition {

// A leader's reads from disk for its followers: what each of them wants, and what was granted
// by the node's CatchUpThrottle and is not over there yet. A value.
//
//   want() -> granted: take() -> start() -> finish() -> settle() gives the grant back
//             not needed any more: give it back at once
class FollowerReads {
public:
  // Raft asks for this; what it asked for before for the same follower is void.
  void want(const raft::ReadRequest& request);
  // What is wanted for `to`, no longer wanted.
  std::optional<raft::ReadRequest> take(NodeId to);
  // Raft still waits for it, and the follower's node is not known to be down.
  static bool is_needed(const raft::Raft& raft, const raft::ReadRequest& request);

  void start(GrantId id, const raft::ReadRequest& request);
  // Its grant, if it was started under one and not dropped since.
  std::optional<GrantId> finish(const raft::ReadRequest& request, const std::vector<LogEntry>& entries);

  struct Release {
    NodeId to;
    GrantId id = 0;
  };
  // Grants to be given back: what was read is stored by the follower, or was lost, or it is not
  // for this replica any more to send it.
  std::vector<Release> settle(const raft::Raft& raft);
  // All of them, and nothing is wanted: the replica stops.
  std::vector<Release> drop();

  bool holds() const { return !held_.empty(); }

private:
  struct Held {
    GrantId id;
    NodeId to;
    RaftIndex from;
    std::optional<RaftIndex> last; // none: still being read
  };

  static bool is_over(const raft::Raft& raft, const Held& held);

  std::vector<raft::ReadRequest> wanted_; // one a follower
  std::vector<Held> held_;                // what Raft has in flight to each, at most
};

} // namespace callboard::partition
