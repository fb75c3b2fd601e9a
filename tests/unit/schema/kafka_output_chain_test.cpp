#include "schema/kafka/output_chain.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/schema/hex.h"

namespace callboard::kafka {

BOOST_AUTO_TEST_SUITE(output_chain)

BOOST_AUTO_TEST_CASE(bytes_and_slices_come_out_in_order) {
  const auto large = SharedBytes::copy_of(std::string(OutputChain::splice_bytes_min, 'l'));
  OutputChain out;
  out.put(std::int16_t{1});
  out.splice(large);
  out.splice(large);
  out.put(std::int8_t{2});
  BOOST_TEST(out.size() == 3 + 2 * large.size());
  const auto pieces = out.take();
  BOOST_REQUIRE(pieces.size() == 4u);
  BOOST_TEST(to_hex(pieces[0].view()) == "0001");
  BOOST_TEST(pieces[1].data() == large.data());
  BOOST_TEST(pieces[2].data() == large.data());
  BOOST_TEST(to_hex(pieces[3].view()) == "02");
  BOOST_TEST(out.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_small_slice_is_copied_and_an_empty_one_leaves_no_piece) {
  OutputChain out;
  out.splice(SharedBytes());
  BOOST_TEST(out.take().empty());
  out.splice(from_hex("aabb"));
  out.put(std::int8_t{1});
  const auto pieces = out.take();
  BOOST_REQUIRE(pieces.size() == 1u);
  BOOST_TEST(to_hex(pieces[0].view()) == "aabb01");
}

BOOST_AUTO_TEST_CASE(grows_past_its_first_capacity) {
  OutputChain out(1);
  for (std::int32_t i = 0; i < 1000; ++i) out.put(i);
  const auto pieces = out.take();
  BOOST_REQUIRE(pieces.size() == 1u);
  for (std::int32_t i = 0; i < 1000; ++i) BOOST_TEST(load_big_endian<std::int32_t>(pieces[0].data() + 4 * i) == i);
}

BOOST_AUTO_TEST_CASE(unsigned_varints_are_kafkas) {
  OutputChain out;
  for (auto value : {0u, 1u, 127u, 128u, 300u, 0xFFFFFFFFu}) out.put_uvarint(value);
  BOOST_TEST(to_hex(out.take()[0].view()) == "00017f8001ac02ffffffff0f");
}

BOOST_AUTO_TEST_CASE(a_length_is_put_in_front_of_what_it_counts) {
  OutputChain out;
  out.put(std::int8_t{9});
  const auto start = out.own_bytes();
  for (int i = 0; i < 200; ++i) out.put(std::int8_t{5});
  out.prefix_length(start);
  const auto pieces = out.take();
  BOOST_TEST(to_hex(pieces[0].view().first(4)) == "09c80105");
  BOOST_TEST(pieces[0].size() == 203u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard::kafka
