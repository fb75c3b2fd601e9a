#include "schema/rpc/translate.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/schema/hex.h"

namespace callboard::rpc {
namespace {

Uuid some_id() {
  Uuid id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] = static_cast<std::uint8_t>(0xA0 + i);
  return id;
}

const MetadataRecord topic = TopicRecord{
    some_id(), "orders", {GroupId(7), GroupId(8)}, {{"retention.ms", "60000"}, {"callboard.durability", "interval"}}};
const MetadataRecord removed = TopicRemovedRecord{some_id()};
const MetadataRecord producer_ids = ProducerIdsRecord{ProducerId(5000)};

ErrorCode refusal(ByteView bytes) {
  const auto decoded = decode_metadata_record(bytes);
  return decoded ? ErrorCode::none : decoded.error().code;
}

BOOST_AUTO_TEST_SUITE(rpc_metadata)

BOOST_AUTO_TEST_CASE(each_record_has_its_golden_bytes) {
  BOOST_TEST(to_hex(bytes_of(encode_metadata_record(topic))) ==
             "0000000001000100010000000000000000000000000004000d00000082000000110000003a0000001100000015000000"
             "1500000027000000a0a1a2a3a4a5a6a7a8a9aaabacadaeaf6f7264657273000007000000000000000800000000000000"
             "08000000000002000d0000006a000000110000003200000011000000aa000000190000004a000000726574656e74696f"
             "6e2e6d7300000000363030303000000063616c6c626f6172642e6475726162696c69747900000000696e74657276616c"
             "0000000000000000");
  BOOST_TEST(to_hex(bytes_of(encode_metadata_record(removed))) ==
             "0000000001000100020000000000000000000000000001000100000082000000a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
  BOOST_TEST(to_hex(bytes_of(encode_metadata_record(producer_ids))) ==
             "0000000001000100030000000000000000000000010000008813000000000000");
}

BOOST_AUTO_TEST_CASE(each_record_reads_back_as_it_was_written) {
  for (const auto& record : {topic, removed, producer_ids, MetadataRecord(TopicRecord{some_id(), "", {}, {}})}) {
    const auto decoded = decode_metadata_record(bytes_of(encode_metadata_record(record)));
    BOOST_REQUIRE(decoded.ok());
    BOOST_CHECK(*decoded == record);
  }
}

BOOST_AUTO_TEST_CASE(a_topic_of_many_partitions_reads_back) {
  TopicRecord large{some_id(), "large", {}, {}};
  for (std::uint64_t i = 0; i < 100'000; ++i) large.groups.emplace_back(i);
  const auto decoded = decode_metadata_record(bytes_of(encode_metadata_record(large)));
  BOOST_REQUIRE(decoded.ok());
  BOOST_CHECK(std::get<TopicRecord>(*decoded) == large);
}

BOOST_AUTO_TEST_CASE(bytes_read_from_any_alignment) {
  const auto encoded = "x" + encode_metadata_record(topic);
  BOOST_CHECK(decode_metadata_record(bytes_of(encoded).subspan(1)).ok());
}

BOOST_AUTO_TEST_CASE(bytes_cut_short_are_an_error) {
  const auto encoded = encode_metadata_record(topic);
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    const auto cut = decode_metadata_record(bytes_of(encoded).first(size));
    BOOST_TEST(!cut.ok(), "accepted " << size << " of " << encoded.size() << " bytes");
  }
  BOOST_CHECK(refusal({}) == ErrorCode::corrupt_storage);
}

BOOST_AUTO_TEST_CASE(flipped_bits_never_do_worse_than_an_error) {
  const auto encoded = encode_metadata_record(topic);
  for (std::size_t bit = 0; bit < encoded.size() * 8; ++bit) {
    auto damaged = encoded;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const auto decoded = decode_metadata_record(bytes_of(damaged));
    if (!decoded) BOOST_TEST(!decoded.error().message.empty());
  }
}

// A list of structs without content may claim any length in a few bytes: here
// 2^29 - 1 configs.
BOOST_AUTO_TEST_CASE(a_list_that_claims_more_than_the_bytes_hold_is_an_error) {
  const auto bomb = from_hex("0000000001000100 0100000000000000 0000000000000400" // the record, its union, the topic
                             "0d00000082000000 0000000000000000 0000000000000000" // id, no name, no groups
                             "0900000007000000 0001020304050607 08090a0b0c0d0e0f" // configs; the id's bytes
                             "fcffff7f00000000");                                 // the configs' length
  BOOST_CHECK(refusal(bomb.view()) == ErrorCode::corrupt_storage);
}

BOOST_AUTO_TEST_CASE(zeroed_bytes_are_an_error) {
  BOOST_CHECK(refusal(bytes_of(std::string(64, '\0'))) == ErrorCode::corrupt_storage);
}

BOOST_AUTO_TEST_CASE(a_variant_of_a_newer_version_is_named_as_such) {
  auto encoded = encode_metadata_record(producer_ids);
  encoded[8] = 99; // the union's discriminant, first in the data section
  BOOST_CHECK(refusal(bytes_of(encoded)) == ErrorCode::newer_format);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::rpc
