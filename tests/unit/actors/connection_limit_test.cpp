#include <boost/test/unit_test.hpp>

#include "actors/node/descriptors.h"
#include "actors/node/metrics.h"

namespace callboard {
namespace {

BOOST_AUTO_TEST_SUITE(connection_limit)

BOOST_AUTO_TEST_CASE(a_quarter_of_the_descriptors_is_for_files_and_16_for_operators) {
  BOOST_TEST(connections_limit(4096, 1'048'576) == 4096);
  BOOST_TEST(connections_limit(4096, 1024) == 1024 - 256 - 16);
  BOOST_TEST(connections_limit(100, 1024) == 100);
  BOOST_TEST(connections_limit(4096, 128) == 128 - 64 - 16);
}

BOOST_AUTO_TEST_CASE(one_connection_is_served_however_few_descriptors_there_are) {
  BOOST_TEST(connections_limit(4096, 20) == 1);
}

BOOST_AUTO_TEST_CASE(no_more_are_admitted_than_the_limit_and_each_gives_its_place_back_once) {
  NodeMetrics metrics;
  metrics.connections_open = 3; // as the listener counts them
  {
    NodeMetrics::Open first(metrics);
    BOOST_TEST(first.admit(1));
    BOOST_TEST(first.admit(1)); // still, not again
    BOOST_TEST(metrics.connections_admitted == 1);
    NodeMetrics::Open second(metrics);
    BOOST_TEST(!second.admit(1));
    {
      NodeMetrics::Open moved(std::move(first));
      BOOST_TEST(moved.admitted());
      BOOST_TEST(!second.admit(1));
    }
    BOOST_TEST(metrics.connections_admitted == 0);
    BOOST_TEST(metrics.connections_open == 2);
    BOOST_TEST(second.admit(1));
  }
  BOOST_TEST(metrics.connections_open == 1);
  BOOST_TEST(metrics.connections_admitted == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard
