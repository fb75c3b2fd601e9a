#include "cluster/metadata/early_leaders.h"

#include <boost/test/unit_test.hpp>

#include "cluster/metadata/awaited_leaders.h"

namespace callboard::metadata {
namespace {

LeaderAnnouncement leads(std::uint64_t group, std::int32_t term, std::int32_t node) {
  LeaderAnnouncement announcement;
  announcement.group = GroupId(group);
  announcement.term = Term(term);
  announcement.leader = NodeId(node);
  return announcement;
}

BOOST_AUTO_TEST_SUITE(early_leaders)

BOOST_AUTO_TEST_CASE(the_newest_of_each_group_is_kept_until_it_is_taken) {
  EarlyLeaders early;
  early.keep(leads(2, 1, 1));
  early.keep(leads(3, 5, 3));
  early.keep(leads(2, 2, 2));
  early.keep(leads(3, 4, 1));
  const auto taken = early.take({GroupId(2), GroupId(3), GroupId(4)});
  BOOST_TEST_REQUIRE(taken.size() == 2U);
  BOOST_TEST(taken[0].leader.value == 2);
  BOOST_TEST(taken[1].leader.value == 3);
  BOOST_TEST(early.take({GroupId(2), GroupId(3)}).empty());
}

BOOST_AUTO_TEST_CASE(who_joins_a_large_cluster_keeps_all_that_it_is_told) {
  constexpr std::uint64_t partitions = 200'000;
  EarlyLeaders early;
  for (std::uint64_t group = 2; group < 2 + partitions; ++group) early.keep(leads(group, 1, 1));
  BOOST_TEST(early.size() == partitions);
}

BOOST_AUTO_TEST_CASE(there_is_a_limit) {
  EarlyLeaders early;
  for (std::uint64_t group = 1; group <= EarlyLeaders::groups_max + 1; ++group) early.keep(leads(group, 1, 1));
  BOOST_TEST(early.size() == 1U);
}

// However many announcements there are, and in whatever order.
BOOST_AUTO_TEST_CASE(who_was_seen_with_a_leader_is_not_asked_for_again) {
  constexpr std::uint64_t partitions = 1000;
  std::vector<GroupId> groups;
  for (std::uint64_t group = 0; group < partitions; ++group) groups.emplace_back(group);
  std::vector<bool> led(partitions, false);
  std::size_t asked = 0;
  AwaitedLeaders awaited;
  const auto is_led = [&](GroupId group) {
    ++asked;
    return led[group.value];
  };
  for (std::uint64_t i = 0; i < partitions; ++i) {
    BOOST_TEST(!awaited.all_seen(groups, is_led));
    led[(i * 7) % partitions] = true; // each once
  }
  BOOST_TEST(awaited.all_seen(groups, is_led));
  BOOST_TEST(asked <= 2 * partitions + 1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::metadata
