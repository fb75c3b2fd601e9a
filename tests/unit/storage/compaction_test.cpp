#include "storage/compaction.h"

#include "fixture.h"
#include "storage/key_offsets.h"

namespace callboard::storage {
namespace {

constexpr TimestampMs now = 1'000'000;

// Four segments of 100 bytes, begun every 10 s from 900,000 on; the last one is active.
Manifest manifest_of_four() {
  Manifest manifest;
  for (std::uint64_t i = 0; i < 4; ++i) {
    SegmentInfo info;
    info.id = SegmentId(i + 1);
    info.first_index = RaftIndex(10 * i + 1);
    info.base_offset = Offset(static_cast<std::int64_t>(10 * i));
    info.closed = i < 3;
    info.created_at = 900'000 + 10'000 * static_cast<TimestampMs>(i);
    info.max_timestamp = info.created_at + 5'000;
    info.payload_bytes = 100;
    manifest.segments.push_back(info);
  }
  return manifest;
}

CompactionLimits enabled() {
  CompactionLimits limits;
  limits.enabled = true;
  return limits;
}

BOOST_AUTO_TEST_SUITE(compaction_plan)

BOOST_AUTO_TEST_CASE(all_closed_segments_of_a_new_log_are_worth_it) {
  const auto plan = plan_compaction(manifest_of_four(), enabled(), now);
  BOOST_REQUIRE(plan.upto);
  BOOST_TEST((*plan.upto == Offset(30)));
  BOOST_TEST(!plan_compaction(manifest_of_four(), {}, now).upto);
  BOOST_TEST(!plan_compaction({}, enabled(), now).upto);
}

BOOST_AUTO_TEST_CASE(what_is_dirty_must_outweigh_what_is_clean) {
  auto manifest = manifest_of_four();
  manifest.compacted.upto = Offset(20); // 100 of 300 bytes are dirty
  auto limits = enabled();
  limits.dirty_ratio_min = 0.3;
  BOOST_TEST((plan_compaction(manifest, limits, now).upto == Offset(30)));
  limits.dirty_ratio_min = 0.34;
  const auto plan = plan_compaction(manifest, limits, now);
  BOOST_TEST(!plan.upto);
  BOOST_TEST(!plan.next_check);
}

BOOST_AUTO_TEST_CASE(nothing_dirty_is_never_worth_it) {
  auto manifest = manifest_of_four();
  manifest.compacted.upto = Offset(30);
  auto limits = enabled();
  limits.dirty_ratio_min = 0;
  limits.lag_ms_max = 1;
  BOOST_TEST(!plan_compaction(manifest, limits, now).upto);
}

BOOST_AUTO_TEST_CASE(young_records_wait) {
  auto limits = enabled();
  limits.lag_ms_min = 85'000; // the third segment's newest record is 75 s old
  auto plan = plan_compaction(manifest_of_four(), limits, now);
  BOOST_TEST((plan.upto == Offset(20)));
  limits.lag_ms_min = 100'000;
  plan = plan_compaction(manifest_of_four(), limits, now);
  BOOST_TEST(!plan.upto);
  BOOST_TEST(plan.next_check.value_or(0) == 1'005'000);
}

BOOST_AUTO_TEST_CASE(dirt_may_only_wait_so_long) {
  auto manifest = manifest_of_four();
  manifest.compacted.upto = Offset(20);
  auto limits = enabled();
  limits.dirty_ratio_min = 0.9;
  limits.lag_ms_max = 100'000; // the third segment was begun 80 s ago
  auto plan = plan_compaction(manifest, limits, now);
  BOOST_TEST(!plan.upto);
  BOOST_TEST(plan.next_check.value_or(0) == 1'020'000);
  BOOST_TEST((plan_compaction(manifest, limits, 1'020'000).upto == Offset(30)));
}

BOOST_AUTO_TEST_CASE(tombstones_are_looked_after) {
  auto manifest = manifest_of_four();
  manifest.compacted = {Offset(30), Offset(0), 990'000};
  manifest.segments[1].tombstones = 2;
  auto limits = enabled();
  limits.delete_retention_ms = 60'000;
  const auto plan = plan_compaction(manifest, limits, now);
  BOOST_TEST(!plan.upto);
  BOOST_TEST(plan.next_check.value_or(0) == 1'050'000);
  BOOST_TEST((plan_compaction(manifest, limits, 1'050'000).upto == Offset(30)));
  manifest.segments[1].tombstones = 0;
  BOOST_TEST(!plan_compaction(manifest, limits, 1'050'000).upto);
}

BOOST_AUTO_TEST_CASE(limits_without_end_do_not_overflow) {
  auto manifest = manifest_of_four();
  manifest.segments[0].max_timestamp = std::numeric_limits<TimestampMs>::max();
  auto limits = enabled();
  limits.lag_ms_min = std::numeric_limits<std::int64_t>::max();
  const auto plan = plan_compaction(manifest, limits, now);
  BOOST_TEST(!plan.upto);
  BOOST_TEST(plan.next_check.value_or(0) > now);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(key_offsets)

BOOST_AUTO_TEST_CASE(the_newest_offset_of_each_key_is_found) {
  KeyOffsets keys(1 << 20, 42);
  for (int i = 0; i < 20'000; ++i) BOOST_REQUIRE(keys.put(bytes_of("key " + std::to_string(i % 7000)), Offset(i)));
  BOOST_TEST(keys.keys() == 7000U);
  for (int i = 0; i < 7000; ++i) {
    const int newest = i < 6000 ? 14'000 + i : 7000 + i;
    BOOST_REQUIRE(keys.find(bytes_of("key " + std::to_string(i))) == Offset(newest));
  }
  BOOST_TEST(!keys.find(bytes_of("another")));
  BOOST_TEST(keys.put({}, Offset(30'000)));
  BOOST_TEST(keys.find({}).value() == Offset(30'000));
}

BOOST_AUTO_TEST_CASE(room_is_bounded) {
  KeyOffsets keys(100'000, 1);
  int found_room = 0;
  for (int i = 0; i < 10'000; ++i) found_room += keys.put(bytes_of(std::to_string(i)), Offset(i));
  BOOST_TEST(found_room == 3072); // three quarters of 4096 slots
  BOOST_TEST(keys.bytes() <= 100'000U);
  BOOST_TEST(keys.put(bytes_of("5"), Offset(99'999))); // a known key always
  BOOST_TEST(keys.find(bytes_of("5")).value() == Offset(99'999));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::storage
