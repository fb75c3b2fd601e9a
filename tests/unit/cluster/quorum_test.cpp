#include "cluster/raft/quorum.h"

#include <boost/test/unit_test.hpp>

#include <map>

namespace callboard::raft {
namespace {

Membership members(std::vector<NodeId> voters, std::vector<NodeId> outgoing = {}) {
  return {std::move(voters), std::move(outgoing), {}};
}
const NodeId a{1}, b{2}, c{3}, d{4};

VoteResult result(const Membership& membership, const std::map<NodeId, Ballot>& ballots) {
  return vote_result(membership, [&](NodeId node) {
    const auto found = ballots.find(node);
    return found == ballots.end() ? Ballot::missing : found->second;
  });
}

BOOST_AUTO_TEST_SUITE(quorum)

BOOST_AUTO_TEST_CASE(a_majority_wins_or_can_no_longer_be_reached) {
  const auto abc = members({a, b, c});
  BOOST_TEST((result(abc, {{a, Ballot::granted}}) == VoteResult::pending));
  BOOST_TEST((result(abc, {{a, Ballot::granted}, {c, Ballot::granted}}) == VoteResult::won));
  BOOST_TEST((result(abc, {{a, Ballot::refused}, {c, Ballot::refused}}) == VoteResult::lost));
}

BOOST_AUTO_TEST_CASE(a_joint_membership_needs_both) {
  const auto joint = members({a, d}, {a, b, c});
  BOOST_TEST((result(joint, {{a, Ballot::granted}, {d, Ballot::granted}}) == VoteResult::pending));
  BOOST_TEST((result(joint, {{a, Ballot::granted}, {d, Ballot::granted}, {b, Ballot::granted}}) == VoteResult::won));
  BOOST_TEST((result(joint, {{a, Ballot::granted}, {b, Ballot::granted}, {d, Ballot::refused}}) == VoteResult::lost));
}

BOOST_AUTO_TEST_CASE(an_index_counts_by_majority_and_by_copies) {
  const std::map<NodeId, RaftIndex> match{{a, RaftIndex(9)}, {b, RaftIndex(7)}, {c, RaftIndex(4)}, {d, RaftIndex(1)}};
  const auto match_of = [&](NodeId node) { return match.at(node); };
  BOOST_TEST(majority_index(members({a, b, c}), match_of).value == 7u);
  BOOST_TEST(majority_index(members({a, b, c, d}), match_of).value == 4u);
  BOOST_TEST(majority_index(members({a, d}, {a, b, c}), match_of).value == 1u);
  BOOST_TEST(copies_index({a, b, c}, 3, match_of).value == 4u);
  BOOST_TEST(copies_index({a, b, c}, 4, match_of).value == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::raft
