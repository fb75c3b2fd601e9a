#include "actors/coordination/refusals.h"

#include <boost/test/unit_test.hpp>

namespace callboard {
namespace {

Instant at(std::int64_t seconds) {
  return Instant{} + std::chrono::seconds(seconds);
}

} // namespace

BOOST_AUTO_TEST_SUITE(refusals)

BOOST_AUTO_TEST_CASE(the_same_is_said_once_a_minute_and_kept_ten) {
  Refusals refusals;
  BOOST_TEST(refusals.note("no", at(0)));
  BOOST_TEST(!refusals.note("no", at(30)));
  BOOST_TEST(refusals.note("no", at(60)));
  BOOST_TEST(refusals.note("never", at(61)));
  BOOST_TEST((refusals.recent(at(100)) == std::vector<std::string>{"no", "never"}));
  BOOST_TEST((refusals.recent(at(660)) == std::vector<std::string>{"never"}));
  BOOST_TEST(refusals.recent(at(661)).empty());
}

BOOST_AUTO_TEST_CASE(strangers_fill_neither_the_log_nor_the_memory) {
  Refusals refusals;
  std::size_t said = 0;
  for (int i = 0; i < 10'000; ++i) said += refusals.note("stranger " + std::to_string(i), at(i / 1000)) ? 1 : 0;
  BOOST_TEST(said == Refusals::kept_max);
  BOOST_TEST(refusals.recent(at(10)).size() == Refusals::kept_max);
  BOOST_TEST(refusals.note("later", at(70)));
  BOOST_TEST(refusals.recent(at(70)).back() == "later");
  BOOST_TEST(refusals.note("a\nb\x1b[2J" + std::string(5000, 'x'), at(140)));
  const auto line = refusals.recent(at(140)).back();
  BOOST_TEST(line.substr(0, 8) == "a?b?[2Jx");
  BOOST_TEST(line.size() == 600U);
}

BOOST_AUTO_TEST_CASE(clocks_that_differ_are_told_with_who_and_by_how_much) {
  constexpr std::int64_t minute = 60'000;
  BOOST_TEST(clock_trouble("Node 2", 0, minute - 1).empty());
  BOOST_TEST(clock_trouble("Node 2", no_timestamp, minute).empty());
  BOOST_TEST(clock_trouble("Node 2", 500 * minute, 0).starts_with("Node 2 has a clock 8 h ahead of this node's."));
  BOOST_TEST(clock_trouble("Node 2", 0, 5 * minute).starts_with("Node 2 has a clock 5 min behind this node's."));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard
