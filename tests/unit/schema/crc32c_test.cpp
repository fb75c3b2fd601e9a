#include "schema/crc32c.h"

#include <array>
#include <numeric>
#include <vector>

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

BOOST_AUTO_TEST_CASE(checksums_of_pieces_join_to_that_of_the_whole) {
  std::vector<std::uint8_t> whole(70'001);
  for (std::size_t i = 0; i < whole.size(); ++i) whole[i] = static_cast<std::uint8_t>(i * i >> 3);
  const ByteView view(whole);
  for (const std::size_t cut : {0, 1, 7, 4096, 65'535, 70'000, 70'001})
    BOOST_TEST(crc32c_join(crc32c(view.first(cut)), crc32c(view.subspan(cut)), view.size() - cut) == crc32c(view));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard
