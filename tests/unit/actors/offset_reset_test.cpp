#include "actors/cli/offset_reset.h"

#include <boost/test/unit_test.hpp>

namespace callboard::cli {
namespace {

using Kind = ResetTarget::Kind;

const client::PartitionInfo partition{.id = 3, .log_start = Offset(10), .high_watermark = Offset(50)};

Offset after(const ResetTarget& target, Offset before = unknown_offset, Offset at_time = unknown_offset) {
  return plan_reset(target, partition, before, at_time)->after;
}

BOOST_AUTO_TEST_SUITE(offset_reset)

BOOST_AUTO_TEST_CASE(targets_within_the_partition_are_taken_as_they_are) {
  BOOST_CHECK(after({Kind::earliest}) == Offset(10));
  BOOST_CHECK(after({Kind::latest}) == Offset(50));
  BOOST_CHECK(after({Kind::offset, 20}) == Offset(20));
  BOOST_CHECK(after({Kind::offset, 50}) == Offset(50));
  BOOST_CHECK(after({Kind::time, 7}, unknown_offset, Offset(33)) == Offset(33));
  BOOST_CHECK(after({Kind::shift, 5}, Offset(20)) == Offset(25));
  BOOST_CHECK(after({Kind::shift, -5}, Offset(20)) == Offset(15));
  BOOST_TEST(plan_reset({Kind::offset, 20}, partition, Offset(1), unknown_offset)->note.empty());
}

BOOST_AUTO_TEST_CASE(targets_outside_become_the_nearest_end_and_say_so) {
  for (const auto& [target, at] : std::vector<std::pair<ResetTarget, Offset>>{
           {{Kind::offset, 0}, Offset(10)},
           {{Kind::offset, 51}, Offset(50)},
           {{Kind::shift, std::numeric_limits<std::int64_t>::max()}, Offset(50)},
           {{Kind::shift, std::numeric_limits<std::int64_t>::min()}, Offset(10)},
           {{Kind::time, 7}, Offset(50)}}) {
    const auto planned = plan_reset(target, partition, Offset(20), unknown_offset);
    BOOST_CHECK(planned->after == at);
    BOOST_TEST(!planned->note.empty());
  }
}

BOOST_AUTO_TEST_CASE(nothing_cannot_be_shifted) {
  for (const auto offset : {unknown_offset, Offset(-2)})
    BOOST_CHECK(plan_reset({Kind::shift, 1}, partition, offset, unknown_offset).error().code ==
                ErrorCode::invalid_argument);
}

BOOST_AUTO_TEST_CASE(topics_are_read_with_and_without_a_partition) {
  BOOST_TEST(parse_reset_topic("orders")->topic == "orders");
  BOOST_TEST(!parse_reset_topic("orders")->partition.has_value());
  BOOST_TEST(parse_reset_topic("orders:3")->partition.value() == 3);
  for (const auto* text : {"", ":", ":3", "orders:", "orders:-1", "orders:3x", "orders:99999999999", "a:1:2"})
    BOOST_TEST(!parse_reset_topic(text).ok(), text);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::cli
