#include "schema/kafka/consumer_assignment.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/schema/hex.h"

namespace callboard::kafka {
namespace {

// Version 1; "orders" 0 and 5, "a" without partitions; no user data.
const std::string two_topics = "0001 00000002 0006 6f7264657273 00000002 00000000 00000005 0001 61 00000000 ffffffff";

Result<std::vector<AssignedTopic>> read_hex(const std::string& hex) {
  return read_consumer_assignment(from_hex(hex));
}

BOOST_AUTO_TEST_SUITE(kafka_consumer_assignment)

BOOST_AUTO_TEST_CASE(topics_and_partitions_are_read) {
  const auto topics = read_hex(two_topics);
  BOOST_REQUIRE(topics.ok());
  BOOST_CHECK((*topics == std::vector<AssignedTopic>{{"orders", {0, 5}}, {"a", {}}}));
}

BOOST_AUTO_TEST_CASE(no_bytes_are_no_partitions) {
  BOOST_TEST(read_consumer_assignment(SharedBytes())->empty());
}

BOOST_AUTO_TEST_CASE(every_cut_is_an_error_and_no_crash) {
  const auto whole = from_hex(two_topics);
  const auto user_data = whole.size() - 4; // not looked at
  for (std::size_t size = 1; size < user_data; ++size)
    BOOST_CHECK(read_consumer_assignment(whole.slice(0, size)).error().code == ErrorCode::corrupt_message);
}

BOOST_AUTO_TEST_CASE(counts_beyond_the_bytes_are_refused_before_memory_is_taken) {
  BOOST_TEST(!read_hex("0001 7fffffff 0001 61 00000000").ok());
  BOOST_TEST(!read_hex("0001 00000001 0001 61 7fffffff 00000000").ok());
  BOOST_TEST(!read_hex("0001 ffffffff").ok());
  BOOST_TEST(!read_hex("ffff 00000000").ok());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::kafka
