#include "schema/error_code.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/schema/printing.h"

namespace callboard {

BOOST_AUTO_TEST_SUITE(error_code)

BOOST_AUTO_TEST_CASE(is_spelled_as_kafka_spells_it) {
  BOOST_TEST(name_of(ErrorCode::none) == "NONE");
  BOOST_TEST(name_of(ErrorCode::invalid_topic) == "INVALID_TOPIC_EXCEPTION");
  BOOST_TEST(name_of(ErrorCode::not_leader_or_follower) == "NOT_LEADER_OR_FOLLOWER");
}

BOOST_AUTO_TEST_CASE(a_number_from_a_newer_peer_has_a_name_too) {
  BOOST_TEST(name_of(static_cast<ErrorCode>(999)) == "UNKNOWN_SERVER_ERROR");
}

BOOST_AUTO_TEST_CASE(kafkas_codes_stay_what_they_are_on_the_wire) {
  for (std::int16_t code = -1; code <= 128; ++code)
    BOOST_TEST(static_cast<std::int16_t>(on_kafka_wire(static_cast<ErrorCode>(code))) == code);
}

BOOST_AUTO_TEST_CASE(no_code_of_our_own_reaches_a_client) {
  for (std::int16_t code = 1000; code <= 1100; ++code)
    BOOST_TEST(static_cast<std::int16_t>(on_kafka_wire(static_cast<ErrorCode>(code))) <= 128);
  BOOST_TEST(on_kafka_wire(ErrorCode::storage_full) == ErrorCode::kafka_storage_error);
  BOOST_TEST(on_kafka_wire(ErrorCode::shutting_down) == ErrorCode::not_leader_or_follower);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard
