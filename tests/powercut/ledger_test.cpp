// What the ledger allows after a cut.

#include <boost/test/unit_test.hpp>
#include <vector>

#include "tests/powercut/ledger.h"

namespace callboard::powercut {
namespace {

using Values = std::vector<int>;

} // namespace

BOOST_AUTO_TEST_SUITE(ledger)

BOOST_AUTO_TEST_CASE(a_call_that_has_not_begun_leaves_nothing_behind) {
  Register<int> value(1);
  value.begin(10, 2);
  BOOST_TEST(value.allowed(9) == Values({1}));
}

BOOST_AUTO_TEST_CASE(a_call_under_way_may_have_happened_or_not) {
  Register<int> value(1);
  value.begin(10, 2);
  value.promise(20);
  BOOST_TEST(value.allowed(10) == Values({1, 2}));
  BOOST_TEST(value.allowed(19) == Values({1, 2}));
}

BOOST_AUTO_TEST_CASE(what_was_promised_is_the_oldest_that_may_be_found) {
  Register<int> value(1);
  value.begin(10, 2);
  value.promise(20);
  BOOST_TEST(value.allowed(20) == Values({2}));
  value.begin(30, 3);
  BOOST_TEST(value.allowed(40) == Values({2, 3}));
}

BOOST_AUTO_TEST_CASE(one_sync_promises_all_that_came_before_it) {
  Register<int> value(1);
  value.begin(10, 2);
  value.begin(20, 3);
  value.begin(30, 4);
  value.promise(40);
  BOOST_TEST(value.allowed(35) == Values({1, 2, 3, 4}));
  BOOST_TEST(value.allowed(40) == Values({4}));
}

BOOST_AUTO_TEST_CASE(a_promise_is_not_moved_back_by_a_later_one) {
  Register<int> value(1);
  value.begin(10, 2);
  value.promise(20);
  value.promise(50);
  BOOST_TEST(value.allowed(30) == Values({2}));
}

BOOST_AUTO_TEST_CASE(a_cut_is_the_start_of_a_history_of_its_own) {
  Register<int> value(1);
  value.begin(10, 2);
  auto after = value.after(15);
  BOOST_TEST(after.allowed(0) == Values({1, 2}));
  after.begin(3, 2);
  after.promise(4);
  BOOST_TEST(after.allowed(3) == Values({1, 2, 2}));
  BOOST_TEST(after.allowed(4) == Values({2}));
}

BOOST_AUTO_TEST_CASE(content_follows_a_write_with_truncation_and_derived_state) {
  LogContent content;
  for (int i = 0; i < 3; ++i) content.entries.push_back(next_noop(content, Term(1)));
  LogWrite write;
  write.truncate_from = RaftIndex(2);
  auto base = content;
  base.truncate(RaftIndex(2));
  write.entries = {next_batch(base, Term(2), 10, 1)};
  write.applied = RaftIndex(1);
  write.state = {{"a", "1"}};
  const auto after = content.after(write);
  BOOST_TEST(after.last_index().value == 2U);
  BOOST_TEST(after.last_term().value == 2);
  BOOST_TEST(after.next_offset().value == 1);
  BOOST_TEST(after.applied.value == 1U);
  BOOST_TEST(after.state.at("a") == "1");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard::powercut
