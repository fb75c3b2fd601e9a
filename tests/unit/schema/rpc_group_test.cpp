#include "schema/rpc/translate_group.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/schema/hex.h"
#include "tests/unit/schema/printing.h"

namespace callboard::rpc {
namespace {

OffsetRecord some_offset() {
  OffsetRecord record{Offset(42), 3, "note", 1000, {}};
  record.topic_id.bytes.fill(0xAB);
  return record;
}

GroupRecord some_group() {
  GroupRecord record{"consumer", 7, "range", "m1", 2000, {}, "member m1 joined", 1999};
  record.members.push_back(
      {"m1", "i1", "c1", "h1", 300000, 45000, SharedBytes::copy_of("sub"), SharedBytes::copy_of("asg")});
  record.members.push_back({"m2", std::nullopt, "c2", "h2", 1, 2, {}, {}});
  return record;
}

ErrorCode refusal(ByteView bytes) {
  const auto decoded = decode_group_row(bytes);
  return decoded ? ErrorCode::none : decoded.error().code;
}

BOOST_AUTO_TEST_SUITE(rpc_group)

BOOST_AUTO_TEST_CASE(each_row_has_its_golden_bytes) {
  BOOST_TEST(to_hex(bytes_of(encode_group_row(some_offset()))) ==
             "000000000100010002000000000000000000000003000200d5fffffffffffffffcffffff0000000017fcffffffffffff"
             "050000002a00000005000000820000006e6f746500000000abababababababababababababababab");
  BOOST_TEST(to_hex(bytes_of(encode_group_row(some_group()))) ==
             "00000000010001000100000000000000000000000300050007000000000000002ff8ffffffffffff30f8ffffffffffff"
             "110000004a0000001500000032000000150000001a0000001500000077000000710000008a000000636f6e73756d6572"
             "000000000000000072616e67650000006d310000000000000800000001000600e0930400c8af0000310000001a000000"
             "310000001a000000310000001a000000310000001a000000310000001a000000310000001a0000000100000002000000"
             "2d0000001a0000000000000000000000290000001a000000290000001a00000029000000020000002500000002000000"
             "6d3100000000000069310000000000006331000000000000683100000000000073756200000000006173670000000000"
             "6d32000000000000633200000000000068320000000000006d656d626572206d31206a6f696e65640000000000000000");
}

BOOST_AUTO_TEST_CASE(each_row_reads_back_as_it_was_written) {
  for (const auto& record : {some_group(), GroupRecord{}}) {
    const auto decoded = decode_group_row(bytes_of(encode_group_row(record)));
    BOOST_REQUIRE(decoded.ok());
    BOOST_CHECK(std::get<GroupRecord>(*decoded) == record);
  }
  const auto decoded = decode_group_row(bytes_of(encode_group_row(some_offset())));
  BOOST_REQUIRE(decoded.ok());
  BOOST_CHECK(std::get<OffsetRecord>(*decoded) == some_offset());
}

BOOST_AUTO_TEST_CASE(a_large_group_reads_back) {
  auto record = some_group();
  record.members.front().assignment = SharedBytes::copy_of(std::string(1 << 20, 'a'));
  record.members.resize(1000, record.members.back());
  const auto decoded = decode_group_row(bytes_of(encode_group_row(record)));
  BOOST_REQUIRE(decoded.ok());
  BOOST_CHECK(std::get<GroupRecord>(*decoded) == record);
}

BOOST_AUTO_TEST_CASE(bytes_cut_short_are_an_error) {
  const auto encoded = encode_group_row(some_group());
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    BOOST_TEST((refusal(bytes_of(encoded).first(size)) == ErrorCode::corrupt_storage), size);
  }
}

BOOST_AUTO_TEST_CASE(flipped_bits_never_do_worse_than_an_error) {
  for (const auto& encoded : {encode_group_row(some_group()), encode_group_row(some_offset())}) {
    for (std::size_t bit = 0; bit < encoded.size() * 8; ++bit) {
      auto damaged = encoded;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      const auto decoded = decode_group_row(bytes_of(damaged));
      if (!decoded) BOOST_TEST(!decoded.error().message.empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(zeroed_bytes_and_a_newer_variant_are_named) {
  BOOST_TEST(refusal(bytes_of(std::string(64, '\0'))) == ErrorCode::corrupt_storage);
  auto encoded = encode_group_row(some_offset());
  encoded[8] = 99; // the union's discriminant, first in the data section
  BOOST_TEST(refusal(bytes_of(encoded)) == ErrorCode::newer_format);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::rpc
