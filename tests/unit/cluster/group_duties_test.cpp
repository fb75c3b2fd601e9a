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
  BOOST_TEST((hard_state_at_start(brought_in, {}, moved, 9) == brought_in));
  HardState founder;
  founder.membership.voters = {NodeId{1}, NodeId{2}};
  BOOST_TEST((hard_state_at_start(founder, RaftIndex{4}, moved, 9) == founder));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::membership
