#include "schema/crc32c.h"

#include <array>
#include <numeric>

#include <boost/test/unit_test.hpp>

namespace callboard {

BOOST_AUTO_TEST_SUITE(crc)

BOOST_AUTO_TEST_CASE(matches_the_check_value_of_the_catalogue) {
  BOOST_TEST(crc32c(bytes_of("123456789")) == 0xE3069283u);
  BOOST_TEST(crc32c({}) == 0u);
}

// RFC 3720, B.4.
BOOST_AUTO_TEST_CASE(matches_the_vectors_of_rfc_3720) {
  std::array<std::uint8_t, 32> block{};
  BOOST_TEST(crc32c(block) == 0x8A9136AAu);
  block.fill(0xFF);
  BOOST_TEST(crc32c(block) == 0x62A8AB43u);
  std::iota(block.begin(), block.end(), std::uint8_t{0});
  BOOST_TEST(crc32c(block) == 0x46DD794Eu);
  std::iota(block.rbegin(), block.rend(), std::uint8_t{0});
  BOOST_TEST(crc32c(block) == 0x113FDB5Cu);
}

BOOST_AUTO_TEST_CASE(pieces_chain_to_the_checksum_of_the_whole) {
  const auto whole = bytes_of("posted on the callboard");
  for (std::size_t cut = 0; cut <= whole.size(); ++cut)
    BOOST_TEST(crc32c(whole.subspan(cut), crc32c(whole.first(cut))) == crc32c(whole));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard
