#pragma once

#include <functional>
#include <optional>

#include "schema/ids.h"
#include "schema/membership.h"
#include "schema/metadata_record.h"

namespace callboard::membership {

// The next step for raft::Raft::change_membership() on the way from a group's committed
// membership to where the controller wants it; none if it is there, has to wait for a
// learner, or is in the middle of a step.
//
//   {1,2,3}  target {1,2,4}   ->  {1,2,3} learner 4  ->  wait for 4  ->  {1,2,4}
//   {1,2,3}  target {1,2} 3   ->  {1,2}  ->  {1,2} learner 3
//
// Learners change at once. Voters change in one step when all new ones have caught up: the
// group between two placements never has fewer voters than both, and never two instead of
// one because the third is late. `caught_up` is asked about learners only.
std::optional<Membership> next_membership(const Membership& current, const Placement& target,
                                          const std::function<bool(NodeId)>& caught_up);

// What a replica knows of its own part in its group.
struct OwnPart {
  NodeId self = no_node;
  const Membership& membership; // the newest in its log, committed or not
  RaftIndex since;              // where that is
  bool committed = false;       // and it is the committed one
  bool leads = false;
};

// Whether the group has taken this replica out, and will never again need what it has:
//  - it has seen so in its own log, committed and not joint, and has given up office, or
//  - a leader had committed the entries up to `excluded_as_of` and said that it is none of
//    theirs (LeaderAnnouncement::as_of), and nothing later in its own log may have brought
//    it back.
// What an earlier leader said stays true of its time only, however late it is heard.
bool has_left(const OwnPart& own, std::optional<RaftIndex> excluded_as_of);

} // namespace callboard::membership
