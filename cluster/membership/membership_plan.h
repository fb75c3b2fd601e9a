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

} // namespace callboard::membership
