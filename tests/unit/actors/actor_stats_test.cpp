#include "actors/runtime/actor_stats.h"

#include <boost/test/unit_test.hpp>

#include <string_view>

#include "actors/runtime/clock.h"

namespace callboard {
namespace {

Instant later(Duration by) {
  return Instant{monotonic_now().ns + by.count()};
}

bool is_nothing(Duration duration) {
  return duration == Duration::zero();
}

BOOST_AUTO_TEST_SUITE(runtime_actor_stats)

BOOST_AUTO_TEST_CASE(an_actor_that_did_nothing_shows_nothing) {
  const ActorStats stats;
  BOOST_TEST(stats.depth() == 0U);
  BOOST_TEST(stats.handled() == 0U);
  BOOST_TEST(stats.busy_ns() == 0);
  BOOST_TEST(is_nothing(stats.oldest_waiting(later(std::chrono::hours(1)))));
}

BOOST_AUTO_TEST_CASE(depth_is_what_was_sent_and_not_handled_yet) {
  ActorStats stats;
  for (int i = 0; i < 3; ++i) stats.on_enqueue();
  BOOST_TEST(stats.depth() == 3U);
  stats.on_handled(50);
  stats.on_handled(70);
  BOOST_TEST(stats.depth() == 1U);
  BOOST_TEST(stats.handled() == 2U);
  BOOST_TEST(stats.busy_ns() == 120);
}

BOOST_AUTO_TEST_CASE(more_handled_than_counted_is_no_depth) {
  ActorStats stats;
  stats.on_handled(1);
  BOOST_TEST(stats.depth() == 0U);
}

BOOST_AUTO_TEST_CASE(a_message_that_waits_grows_old) {
  ActorStats stats;
  stats.on_enqueue();
  const auto now = later(std::chrono::seconds(10));
  BOOST_TEST((stats.oldest_waiting(now) >= std::chrono::seconds(10)));
  BOOST_TEST((stats.oldest_waiting(now) < std::chrono::seconds(70)));
}

BOOST_AUTO_TEST_CASE(what_is_handled_does_not_wait) {
  ActorStats stats;
  stats.on_enqueue();
  stats.on_handled(1);
  BOOST_TEST(is_nothing(stats.oldest_waiting(later(std::chrono::hours(1)))));
}

BOOST_AUTO_TEST_CASE(the_sample_stays_until_its_message_was_handled) {
  ActorStats stats;
  stats.on_enqueue(); // the sample
  stats.on_enqueue();
  const auto first = stats.oldest_waiting(later(std::chrono::seconds(10)));
  stats.on_enqueue();
  BOOST_TEST((stats.oldest_waiting(later(std::chrono::seconds(10))) >= first));
  stats.on_handled(1);
  // Two wait, and the next one that comes is the sample.
  BOOST_TEST(is_nothing(stats.oldest_waiting(later(std::chrono::seconds(10)))));
  stats.on_enqueue();
  BOOST_TEST(!is_nothing(stats.oldest_waiting(later(std::chrono::seconds(10)))));
}

BOOST_AUTO_TEST_CASE(a_clock_read_earlier_than_the_sample_is_no_age) {
  ActorStats stats;
  stats.on_enqueue();
  BOOST_TEST(is_nothing(stats.oldest_waiting(Instant{0})));
}

BOOST_AUTO_TEST_CASE(every_kind_has_a_name) {
  for (const auto kind :
       {ActorKind::node, ActorKind::listener, ActorKind::connection, ActorKind::partition, ActorKind::writer,
        ActorKind::reader, ActorKind::compactor, ActorKind::metadata, ActorKind::loop})
    BOOST_TEST(std::string_view(name_of(kind)) != "unknown");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard
