#include "actors/rpc/credits.h"

#include <boost/test/unit_test.hpp>
#include <vector>

namespace callboard::rpc {
namespace {

struct Fixture {
  kj::EventLoop loop;
  kj::WaitScope scope{loop};
  kj::Own<Credits> credits = kj::refcounted<Credits>(10);

  kj::Own<Credits::Grant> take(std::size_t amount) { return credits->take(amount).wait(scope); }
};

BOOST_FIXTURE_TEST_SUITE(rpc_credits, Fixture)

BOOST_AUTO_TEST_CASE(what_fits_is_granted_at_once_and_given_back_when_dropped) {
  auto first = take(6);
  BOOST_TEST(credits->left() == 4U);
  first = nullptr;
  BOOST_TEST(credits->left() == 10U);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_waits_for_its_turn) {
  auto first = take(6);
  auto second = credits->take(5);
  BOOST_TEST(!second.poll(scope));
  first = nullptr;
  BOOST_TEST(second.poll(scope));
}

BOOST_AUTO_TEST_CASE(a_small_one_does_not_overtake_a_large_one) {
  auto first = take(6);
  auto large = credits->take(8);
  auto small = credits->take(1);
  BOOST_TEST(!small.poll(scope));
  first = nullptr;
  auto granted = large.wait(scope);
  BOOST_TEST(small.poll(scope));
}

BOOST_AUTO_TEST_CASE(one_larger_than_the_limit_gets_in_alone) {
  auto first = take(1);
  auto huge = credits->take(50);
  BOOST_TEST(!huge.poll(scope));
  first = nullptr;
  auto granted = huge.wait(scope);
  BOOST_TEST(credits->left() == 0U);
  BOOST_TEST(!credits->take(1).poll(scope));
}

BOOST_AUTO_TEST_CASE(a_cancelled_waiter_is_passed_over) {
  auto first = take(10);
  { auto cancelled = credits->take(10); }
  auto next = credits->take(10);
  first = nullptr;
  BOOST_TEST(next.poll(scope));
}

BOOST_AUTO_TEST_CASE(a_grant_that_nobody_picks_up_comes_back) {
  auto first = take(10);
  {
    auto second = credits->take(10);
    first = nullptr; // granted to the second, which goes away
  }
  BOOST_TEST(credits->left() == 10U);
}

BOOST_AUTO_TEST_CASE(spending_past_the_limit_leaves_no_room) {
  auto over = credits->spend(12);
  auto room = credits->room();
  BOOST_TEST(!room.poll(scope));
  over = nullptr;
  BOOST_TEST(room.poll(scope));
}

BOOST_AUTO_TEST_CASE(grants_may_outlive_their_owner) {
  auto grant = take(3);
  credits = nullptr;
  grant = nullptr;
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::rpc
