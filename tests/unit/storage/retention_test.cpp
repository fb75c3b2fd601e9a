#include "storage/retention.h"

#include "fixture.h"

namespace callboard::storage {
namespace {

// Three closed segments of 100 bytes with newest timestamps 1000, 2000, 3000, and the
// active one.
Manifest three_closed() {
  Manifest manifest;
  for (std::uint64_t i = 0; i < 3; ++i) {
    const auto time = static_cast<TimestampMs>(1000 * (i + 1));
    const auto base = static_cast<std::int64_t>(10 * i);
    manifest.segments.push_back({SegmentId(i + 1), RaftIndex(10 * i + 1), Offset(base), true, time, time, 4096, 100});
  }
  manifest.segments.push_back({SegmentId(4), RaftIndex(31), Offset(30), false, 3500});
  return manifest;
}

const ActiveExtent active{50, Offset(40), 2'000'000};

BOOST_AUTO_TEST_SUITE(retention)

BOOST_AUTO_TEST_CASE(without_limits_everything_stays) {
  const auto plan = plan_retention(three_closed(), active, {-1, -1}, 1'000'000);
  BOOST_TEST(!plan.log_start);
  BOOST_TEST(!plan.next_check);
}

BOOST_AUTO_TEST_CASE(by_size_the_oldest_go_while_the_rest_is_still_enough) {
  BOOST_TEST(!plan_retention(three_closed(), active, {-1, 300}, 0).log_start);
  BOOST_TEST(*plan_retention(three_closed(), active, {-1, 250}, 0).log_start == Offset(10));
  BOOST_TEST(*plan_retention(three_closed(), active, {-1, 150}, 0).log_start == Offset(20));
  BOOST_TEST(*plan_retention(three_closed(), active, {-1, 0}, 0).log_start == Offset(30));
}

BOOST_AUTO_TEST_CASE(by_time_segments_go_when_their_newest_record_is_older) {
  const auto at_limit = plan_retention(three_closed(), active, {500, -1}, 1500);
  BOOST_TEST(!at_limit.log_start);
  BOOST_TEST(*at_limit.next_check == 1501);
  const auto past = plan_retention(three_closed(), active, {500, -1}, 1501);
  BOOST_TEST(*past.log_start == Offset(10));
  BOOST_TEST(*past.next_check == 2501);
  const auto all = plan_retention(three_closed(), active, {500, -1}, 1'000'000);
  BOOST_TEST(*all.log_start == Offset(30));
  BOOST_TEST(!all.active_expired);
  BOOST_TEST(*all.next_check == 2'000'501);
}

BOOST_AUTO_TEST_CASE(the_active_segment_goes_when_its_newest_record_is_too_old) {
  const auto plan = plan_retention(three_closed(), active, {500, -1}, 2'000'501);
  BOOST_TEST(*plan.log_start == Offset(40));
  BOOST_TEST(plan.active_expired);
  const auto empty = plan_retention(three_closed(), ActiveExtent{}, {500, -1}, 9'000'000);
  BOOST_TEST(*empty.log_start == Offset(30));
  BOOST_TEST(!empty.active_expired);
  BOOST_TEST(*empty.next_check == 9'000'501); // when the first that comes may be due
}

BOOST_AUTO_TEST_CASE(of_a_log_that_is_not_open_it_tells_when_to_look) {
  Manifest manifest = three_closed();
  manifest.segments.erase(manifest.segments.begin(), manifest.segments.begin() + 3);
  const auto plan = plan_retention(manifest, std::nullopt, {500, -1}, 1'000'000);
  BOOST_TEST(!plan.log_start);
  BOOST_TEST(*plan.next_check == 4001); // its creation and retention.ms
}

// Producers that count in microseconds or nanoseconds, and limits that mean "never".
BOOST_AUTO_TEST_CASE(the_next_look_is_never_further_ahead_than_a_timer_can_be_set) {
  const std::int64_t timer_max_ms = INT64_MAX / 1'000'000;
  const TimestampMs now = 1'800'000'000'000;
  auto manifest = three_closed();
  for (const std::int64_t value : {INT64_MAX, INT64_MAX - now, std::int64_t{9'300'000'000'000}, now * 1000}) {
    for (const auto& newest : {ActiveExtent{50, Offset(40), now}, ActiveExtent{}}) {
      const auto plan = plan_retention(manifest, newest, {value, 0}, now);
      BOOST_TEST(*plan.next_check > now);
      BOOST_TEST(*plan.next_check - now < timer_max_ms / 2);
    }
    const auto unopened = plan_retention(manifest, std::nullopt, {value, 0}, now);
    BOOST_TEST(*unopened.next_check > now);
    manifest.segments[0].max_timestamp = value;
    for (const std::int64_t limit : {std::int64_t{500}, INT64_MAX}) {
      const auto plan = plan_retention(manifest, active, {limit, -1}, now);
      BOOST_TEST(!plan.log_start);
      BOOST_TEST(*plan.next_check > now);
      BOOST_TEST(*plan.next_check - now < timer_max_ms / 2);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_segment_without_timestamps_ages_from_its_creation) {
  auto manifest = three_closed();
  manifest.segments[0].max_timestamp = no_timestamp;
  BOOST_TEST(*plan_retention(manifest, active, {500, -1}, 1501).log_start == Offset(10));
}

BOOST_AUTO_TEST_CASE(a_young_segment_protects_older_ones_behind_it) {
  auto manifest = three_closed();
  manifest.segments[0].max_timestamp = 9000;
  BOOST_TEST(!plan_retention(manifest, active, {500, -1}, 5000).log_start);
}

BOOST_AUTO_TEST_CASE(unclosed_segments_and_those_below_the_log_start_are_no_news) {
  auto manifest = three_closed();
  manifest.segments[0].closed = false;
  BOOST_TEST(!plan_retention(manifest, active, {500, 0}, 1'000'000).log_start);
  manifest = three_closed();
  manifest.log_start = Offset(25);
  BOOST_TEST(!plan_retention(manifest, active, {500, -1}, 2501).log_start);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::storage
