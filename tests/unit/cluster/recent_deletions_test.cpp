#include "cluster/metadata/recent_deletions.h"

#include <boost/test/unit_test.hpp>

namespace callboard::metadata {
namespace {

constexpr TimestampMs then = 1'000'000;
constexpr auto blocked_ms = RecentDeletions::blocked_ms;

BOOST_AUTO_TEST_SUITE(recent_deletions)

BOOST_AUTO_TEST_CASE(a_deleted_name_is_blocked_for_a_while) {
  RecentDeletions deletions;
  BOOST_TEST(!deletions.blocks("orders", then));
  deletions.deleted("orders", then);
  BOOST_TEST(deletions.blocks("orders", then));
  BOOST_TEST(deletions.blocks("orders", then + blocked_ms - 1));
  BOOST_TEST(!deletions.blocks("orders", then + blocked_ms));
  BOOST_TEST(!deletions.blocks("order", then));
}

BOOST_AUTO_TEST_CASE(the_last_deletion_of_a_name_counts) {
  RecentDeletions deletions;
  deletions.deleted("orders", then);
  deletions.deleted("orders", then + blocked_ms - 1);
  BOOST_TEST(deletions.blocks("orders", then + blocked_ms));
}

BOOST_AUTO_TEST_CASE(a_clock_that_was_set_back_far_blocks_nobody) {
  RecentDeletions deletions;
  deletions.deleted("orders", then);
  BOOST_TEST(deletions.blocks("orders", then - 1));
  BOOST_TEST(!deletions.blocks("orders", then - blocked_ms));
}

BOOST_AUTO_TEST_CASE(of_too_many_deletions_the_oldest_are_forgotten) {
  RecentDeletions deletions;
  for (std::size_t i = 0; i <= RecentDeletions::names_max; ++i) deletions.deleted(std::to_string(i), then);
  BOOST_TEST(!deletions.blocks("0", then));
  BOOST_TEST(deletions.blocks("1", then));
  BOOST_TEST(deletions.blocks(std::to_string(RecentDeletions::names_max), then));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::metadata
