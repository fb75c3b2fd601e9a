#include "schema/membership.h"

#include <boost/test/unit_test.hpp>

namespace callboard {
namespace {

BOOST_AUTO_TEST_SUITE(membership)

BOOST_AUTO_TEST_CASE(its_bytes_stay) {
  const Membership written{{NodeId(1), NodeId(2)}, {NodeId(1)}, {NodeId(7)}};
  const auto bytes = encode_membership(written);
  const std::string golden("\x01\x02\0\0\0\x01\0\0\0\x02\x01\0\0\0\x01\x01\0\0\0\x07", 20);
  BOOST_TEST((bytes.text() == golden));
  const auto read = decode_membership(bytes.view());
  BOOST_REQUIRE(read.ok());
  BOOST_TEST((*read == written));
  for (std::size_t size = 0; size < bytes.size(); ++size) BOOST_TEST(!decode_membership(bytes.view().first(size)).ok());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_is_refused) {
  const auto refused = [](Membership wanted) { return !checked_membership(std::move(wanted)).ok(); };
  BOOST_TEST(refused({}));
  BOOST_TEST(refused({{NodeId(1), NodeId(1)}, {}, {}}));
  BOOST_TEST(refused({{NodeId(-1)}, {}, {}}));
  BOOST_TEST(refused({{NodeId(1)}, {}, {NodeId(1)}}));
  BOOST_TEST(refused({{NodeId(1)}, {NodeId(2)}, {NodeId(2)}}));
  const auto sorted = checked_membership({{NodeId(3), NodeId(1)}, {}, {}});
  BOOST_REQUIRE(sorted.ok());
  BOOST_TEST((sorted->voters.front() == NodeId(1)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard
