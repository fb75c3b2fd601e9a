#include "cluster/membership/group_duties.h"

#include <boost/test/unit_test.hpp>

namespace callboard::membership {
namespace {

const Placement founded{{NodeId{2}, NodeId{1}}, {}, true};
const Placement moved{{NodeId{2}, NodeId{3}}, {}, false};

BOOST_AUTO_TEST_SUITE(group_duties)

BOOST_AUTO_TEST_CASE(a_founder_votes_from_the_start) {
  const auto hard = hard_state_at_start({}, {}, founded, 7);
  BOOST_TEST((hard.membership.voters == std::vector{NodeId{1}, NodeId{2}}));
  BOOST_TEST(hard.life == 0U);
  BOOST_TEST(!hard.recovering);
}

BOOST_AUTO_TEST_CASE(who_is_brought_in_later_recovers_in_a_life_of_its_own) {
  const auto hard = hard_state_at_start({}, {}, moved, 7);
  BOOST_TEST(hard.membership.voters.empty());
  BOOST_TEST(hard.life == 7U);
  BOOST_TEST(hard.recovering);
}

BOOST_AUTO_TEST_CASE(who_has_entries_but_no_members_was_brought_in) {
  const auto hard = hard_state_at_start({}, RaftIndex{4}, founded, 7);
  BOOST_TEST(hard.membership.voters.empty());
  BOOST_TEST(hard.recovering);
  BOOST_TEST(hard.brought_in);
}

BOOST_AUTO_TEST_CASE(a_restart_begins_no_other_life) {
  HardState brought_in;
  brought_in.term = Term{3};
  brought_in.life = 7;
  brought_in.recovering = brought_in.brought_in = true;
  BOOST_TEST((hard_state_at_start(brought_in, {}, moved, 9) == brought_in));
  HardState founder;
  founder.membership.voters = {NodeId{1}, NodeId{2}};
  BOOST_TEST((hard_state_at_start(founder, RaftIndex{4}, moved, 9) == founder));
}

BOOST_AUTO_TEST_CASE(who_was_damaged_before_it_stored_anything) {
  HardState damaged;
  damaged.life = 1;
  damaged.recovering = true;
  const auto founder = hard_state_at_start(damaged, {}, founded, 7);
  BOOST_TEST(!founder.membership.voters.empty());
  BOOST_TEST(founder.life == 1U);
  BOOST_TEST(founder.recovering);
  const auto later = hard_state_at_start(damaged, {}, moved, 7);
  BOOST_TEST(later.membership.voters.empty());
  BOOST_TEST(later.life == 7U);
  BOOST_TEST(later.brought_in);
}

BOOST_AUTO_TEST_CASE(a_damaged_replica_is_done_without_by_a_majority_with_a_leader) {
  const NodeId one{1};
  const NodeId two{2};
  const NodeId three{3};
  const auto serve = [&](NodeId leader, std::vector<NodeId> voters, std::vector<NodeId> in_sync,
                         NodeId down = no_node) {
    LeaderAnnouncement known;
    known.leader = leader;
    known.voters = std::move(voters);
    known.in_sync = std::move(in_sync);
    return others_serve(known, one, [&](NodeId node) { return node != down; });
  };
  BOOST_TEST(serve(two, {one, two, three}, {two, three}));
  BOOST_TEST(!serve(no_node, {one, two, three}, {two, three}));
  BOOST_TEST(!serve(one, {one, two, three}, {one, two, three})); // it led them itself
  BOOST_TEST(!serve(two, {one, two, three}, {one, two}));        // no majority without it
  BOOST_TEST(!serve(two, {one, two, three}, {two, three}, three));
  BOOST_TEST(serve(no_node, {one, two}, {one, two})); // the other cannot lead alone, and has all
  BOOST_TEST(!serve(no_node, {one, two}, {one, two}, two));
  BOOST_TEST(!serve(one, {one}, {one}));
  BOOST_TEST(!serve(no_node, {}, {}));
}

BOOST_AUTO_TEST_CASE(who_said_that_it_stopped_is_doubted_until_a_leader_says_more) {
  LeaderAnnouncement known;
  known.term = Term{3};
  known.revision = 2;
  Doubts doubts;
  BOOST_TEST(!doubts.about(NodeId{2}, known));
  doubts.said_stopped(NodeId{2}, known);
  BOOST_TEST(doubts.about(NodeId{2}, known));
  BOOST_TEST(!doubts.about(NodeId{1}, known));
  known.revision = 3;
  BOOST_TEST(!doubts.about(NodeId{2}, known));
  known = {};
  known.term = Term{4};
  BOOST_TEST(!doubts.about(NodeId{2}, known));
}

BOOST_AUTO_TEST_CASE(a_leader_knows_whether_the_others_have_all) {
  LeaderAnnouncement known;
  known.leader = NodeId{1};
  known.voters = {NodeId{1}, NodeId{2}, NodeId{3}};
  known.in_sync = known.voters;
  const auto up = [](NodeId) { return true; };
  BOOST_TEST(others_have_all(known, NodeId{1}, up));
  known.in_sync = {NodeId{1}, NodeId{2}};
  BOOST_TEST(!others_have_all(known, NodeId{1}, up));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::membership
