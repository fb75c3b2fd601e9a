#include "schema/uuid.h"

#include <boost/test/unit_test.hpp>

namespace callboard {

BOOST_AUTO_TEST_SUITE(uuid)

BOOST_AUTO_TEST_CASE(is_written_as_32_hexadecimal_digits) {
  Uuid id;
  BOOST_TEST(id.is_zero());
  BOOST_TEST(id.hex() == "00000000000000000000000000000000");
  id.bytes[0] = 0x0A;
  id.bytes[15] = 0xF1;
  BOOST_TEST(!id.is_zero());
  BOOST_TEST(id.hex() == "0a0000000000000000000000000000f1");
}

BOOST_AUTO_TEST_CASE(equal_ones_hash_alike_and_order_is_by_bytes) {
  Uuid first;
  Uuid second;
  BOOST_TEST(std::hash<Uuid>{}(first) == std::hash<Uuid>{}(second));
  second.bytes[15] = 1;
  BOOST_TEST((first < second));
  BOOST_TEST(std::hash<Uuid>{}(first) != std::hash<Uuid>{}(second));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard
