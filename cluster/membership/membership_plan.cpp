#include "cluster/membership/membership_plan.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "cluster/membership/sabotage.h"

namespace callboard::membership {
namespace {

bool has(const std::vector<NodeId>& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

} // namespace

std::optional<Membership> next_membership(const Membership& current, const Placement& target,
                                          const std::function<bool(NodeId)>& caught_up) {
  auto wanted = checked_membership({target.voters, {}, target.learners});
  if (current.joint() || !wanted) return std::nullopt;

  // A voter that is to learn stays a voter until the voters change.
  Membership with_learners{current.voters, {}, {}};
  for (const auto node : wanted->members()) {
    if (!current.is_voter(node)) with_learners.learners.push_back(node);
  }
  if (with_learners != current) return with_learners;

  const bool ready = std::all_of(wanted->voters.begin(), wanted->voters.end(), [&](NodeId node) {
    return current.is_voter(node) || caught_up(node) || sabotaged(Sabotage::voter_before_it_caught_up);
  });
  if (wanted->voters == current.voters || !ready) return std::nullopt;
  Membership with_voters{wanted->voters, {}, {}};
  for (const auto node : current.learners) {
    if (!has(wanted->voters, node)) with_voters.learners.push_back(node);
  }
  return with_voters;
}

bool has_left(const OwnPart& own, std::optional<RaftIndex> excluded_as_of) {
  if (own.leads) return false;
  const auto& membership = own.membership;
  const bool known = own.committed && !membership.joint() && !membership.voters.empty();
  if (known && !membership.contains(own.self)) return true;
  return excluded_as_of && own.since <= *excluded_as_of;
}

} // namespace callboard::membership
