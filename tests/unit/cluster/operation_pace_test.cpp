#include "cluster/metadata/operation_pace.h"

#include <boost/test/unit_test.hpp>

namespace callboard::metadata {
namespace {

using std::chrono::seconds;

const Instant start{};

std::vector<OperationStatus> drain(std::uint64_t done, std::uint64_t total) {
  return {{MoveReason::drain, NodeId{3}, done, total, {}}};
}

BOOST_AUTO_TEST_SUITE(operation_pace)

BOOST_AUTO_TEST_CASE(what_is_left_takes_as_long_as_what_was_done) {
  OperationPace pace;
  pace.begin(MoveReason::drain, NodeId{3}, start);
  BOOST_TEST(!pace.look(drain(0, 30), start + seconds(1)).front().has_value());
  BOOST_CHECK(pace.look(drain(10, 30), start + seconds(5)).front() == seconds(10));
  BOOST_CHECK(pace.look(drain(30, 30), start + seconds(9)).front() == seconds(0));
}

BOOST_AUTO_TEST_CASE(the_pace_counts_from_when_an_operation_was_first_seen) {
  OperationPace pace;
  BOOST_TEST(!pace.look(drain(10, 30), start).front().has_value());
  BOOST_CHECK(pace.look(drain(20, 30), start + seconds(5)).front() == seconds(5));
}

BOOST_AUTO_TEST_CASE(an_operation_that_begins_again_has_a_pace_of_its_own) {
  OperationPace pace;
  pace.look(drain(10, 30), start);
  BOOST_TEST(!pace.look(drain(2, 30), start + seconds(100)).front().has_value());
  BOOST_CHECK(pace.look(drain(4, 6), start + seconds(102)).front() == seconds(2));
  BOOST_TEST(pace.look({}, start + seconds(103)).empty());
  BOOST_TEST(!pace.look(drain(5, 6), start + seconds(200)).front().has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::metadata
