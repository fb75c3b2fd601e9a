#include "schema/rpc/translate.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>

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
const MetadataRecord removed = TopicRemovedRecord{some_id(), GroupId(9), "bills"};
const MetadataRecord producer_ids = ProducerIdsRecord{ProducerId(5000)};

MetadataRecord placed_topic() {
  TopicRecord record{some_id(), "orders", {GroupId(7), GroupId(8)}, {}};
  record.placements = {{{NodeId(2), NodeId(1), NodeId(3)}, {}, true}, {{NodeId(1)}, {NodeId(2)}, false}};
  record.default_factor = true;
  return record;
}
const MetadataRecord placed = placed_topic();
const MetadataRecord node = NodeRecord{NodeId(3),    some_id(), {"fd00::7", 9092},   {"broker.example", 19092},
                                       "berlin/row", "1.2.3",   NodeStatus::draining};
const MetadataRecord controllers = ControllersRecord{{{NodeId(1), NodeId(2), NodeId(3)}, {NodeId(4)}, false}};

const MetadataRecord placement = PlacementRecord{GroupId(8), {{NodeId(3), NodeId(1)}, {NodeId(4)}, false}};
const MetadataRecord forgotten = PlacementForgottenRecord{GroupId(8)};

const std::vector<MetadataRecord>& all_records() {
  static const std::vector<MetadataRecord> records{
      topic, removed,     producer_ids, placed,
      node,  controllers, placement,    MetadataRecord(TopicRecord{some_id(), "", {}, {}})};
  return records;
}

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
             "0000000001000100020000000000000000000000010002000900000000000000"
             "05000000820000000900000032000000a0a1a2a3a4a5a6a7a8a9aaabacadaeaf62696c6c73000000");
  BOOST_TEST(to_hex(bytes_of(encode_metadata_record(producer_ids))) ==
             "0000000001000100030000000000000000000000010000008813000000000000");
  BOOST_TEST(to_hex(bytes_of(encode_metadata_record(placed))) ==
             "00000000010001000100000000000000000000000100050001000000000000001100000082000000150000003a000000"
             "150000001500000019000000070000001900000037000000a0a1a2a3a4a5a6a7a8a9aaabacadaeaf6f72646572730000"
             "07000000000000000800000000000000000000000000000008000000010002000000000000000000110000001c000000"
             "000000000000000001000000000000000d0000000c0000000d0000000c00000002000000010000000300000000000000"
             "01000000000000000200000000000000");
  BOOST_TEST(to_hex(bytes_of(encode_metadata_record(node))) ==
             "000000000100010004000000000000000000000001000500030000000100000011000000820000001400000001000100"
             "1c00000001000100290000005a0000002d00000032000000a0a1a2a3a4a5a6a7a8a9aaabacadaeaf8423000000000000"
             "0100000042000000666430303a3a3700944a000000000000010000007a00000062726f6b65722e6578616d706c650000"
             "6265726c696e2f726f77000000000000312e322e33000000");
  BOOST_TEST(to_hex(bytes_of(encode_metadata_record(controllers))) ==
             "0000000001000100050000000000000000000000010002000100000000000000050000001c000000090000000c000000"
             "010000000200000003000000000000000400000000000000");
  BOOST_TEST(to_hex(bytes_of(encode_metadata_record(placement))) ==
             "000000000100010006000000000000000000000001000100080000000000000000000000010002000100000000000000"
             "0500000014000000050000000c00000003000000010000000400000000000000");
}

BOOST_AUTO_TEST_CASE(each_record_reads_back_as_it_was_written) {
  for (const auto& record : all_records()) {
    const auto decoded = decode_metadata_record(bytes_of(encode_metadata_record(record)));
    BOOST_REQUIRE(decoded.ok());
    BOOST_CHECK(*decoded == record);
  }
}

// What replaces what when the log is compacted.
BOOST_AUTO_TEST_CASE(records_of_one_thing_have_one_key) {
  BatchBuilder builder(0);
  for (const auto& record : {topic, removed, producer_ids, node, controllers, placement, forgotten})
    add_metadata_record(builder, record, 0);
  const auto batch = builder.finish();
  std::vector<std::string> keys;
  std::size_t read = 0;
  const auto walked = for_each_record(batch.view(), [&](const RecordView& record) {
    keys.emplace_back(text_of(*record.key));
    read += decode_metadata_record(record).ok() ? 1 : 0;
    return true;
  });
  BOOST_REQUIRE(walked.ok());
  BOOST_TEST(read == keys.size());
  const std::vector<std::string> wanted{"topic/a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
                                        "topic/a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
                                        "producers",
                                        "node/3",
                                        "controllers",
                                        "placement/8",
                                        "placement/8"};
  BOOST_TEST(keys == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_record_without_a_key_or_a_value_is_an_error) {
  const auto encoded = encode_metadata_record(topic);
  RecordView record;
  record.key = bytes_of(encoded);
  BOOST_CHECK(decode_metadata_record(record).error().code == ErrorCode::corrupt_storage);
  record.key.reset();
  record.value = bytes_of(encoded);
  BOOST_CHECK(decode_metadata_record(record).error().code == ErrorCode::newer_format);
  record.key = bytes_of(encoded);
  BOOST_CHECK(decode_metadata_record(record).ok());
}

// Nothing else is ever without a value.
BOOST_AUTO_TEST_CASE(a_tombstone_is_a_placement_that_is_forgotten) {
  const auto read = [](std::string_view key) {
    RecordView record;
    record.key = bytes_of(key);
    return decode_metadata_record(record);
  };
  BOOST_REQUIRE(read("placement/8").ok());
  BOOST_CHECK(*read("placement/8") == forgotten);
  for (const auto* key : {"placement/", "placement/x", "placement/8x", "placement/-1", "placement/99999999999999999999",
                          "placement", "topic/8", "8", ""})
    BOOST_CHECK(read(key).error().code == ErrorCode::corrupt_storage);
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

BOOST_AUTO_TEST_CASE(every_status_of_a_node_reads_back) {
  for (const auto status : {NodeStatus::active, NodeStatus::draining, NodeStatus::removed}) {
    const MetadataRecord record = NodeRecord{NodeId(1), some_id(), {}, {}, {}, {}, status};
    BOOST_CHECK(*decode_metadata_record(bytes_of(encode_metadata_record(record))) == record);
  }
}

// As written before there were placements.
BOOST_AUTO_TEST_CASE(a_topic_of_an_old_log_is_on_node_1) {
  const auto decoded = decode_metadata_record(bytes_of(encode_metadata_record(topic)));
  BOOST_REQUIRE(decoded.ok());
  const auto& record = std::get<TopicRecord>(*decoded);
  BOOST_TEST(record.placements.empty());
  BOOST_TEST(!record.default_factor);
  BOOST_CHECK((record.placement(1) == Placement{{NodeId(1)}, {}, true}));
}

BOOST_AUTO_TEST_CASE(bytes_cut_short_are_an_error) {
  for (const auto& record : all_records()) {
    const auto encoded = encode_metadata_record(record);
    for (std::size_t size = 0; size < encoded.size(); ++size) {
      const auto cut = decode_metadata_record(bytes_of(encoded).first(size));
      BOOST_TEST(!cut.ok(), "accepted " << size << " of " << encoded.size() << " bytes");
    }
  }
  BOOST_CHECK(refusal({}) == ErrorCode::corrupt_storage);
}

BOOST_AUTO_TEST_CASE(flipped_bits_never_do_worse_than_an_error) {
  for (const auto& record : all_records()) {
    const auto encoded = encode_metadata_record(record);
    for (std::size_t bit = 0; bit < encoded.size() * 8; ++bit) {
      auto damaged = encoded;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      const auto decoded = decode_metadata_record(bytes_of(damaged));
      if (!decoded) BOOST_TEST(!decoded.error().message.empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_true_is_an_error) {
  const auto refused = [](const MetadataRecord& record) { return refusal(bytes_of(encode_metadata_record(record))); };
  BOOST_CHECK(refused(ControllersRecord{}) == ErrorCode::corrupt_storage);
  BOOST_CHECK(refused(PlacementRecord{GroupId(8), {}}) == ErrorCode::corrupt_storage);
  BOOST_CHECK(refused(NodeRecord{NodeId(0), some_id(), {}, {}, {}, {}}) == ErrorCode::corrupt_storage);
  auto uneven = std::get<TopicRecord>(placed);
  uneven.placements.pop_back();
  BOOST_CHECK(refused(uneven) == ErrorCode::corrupt_storage);
  uneven.placements.emplace_back();
  BOOST_CHECK(refused(uneven) == ErrorCode::corrupt_storage);
}

BOOST_AUTO_TEST_CASE(a_nodes_status_of_a_newer_version_is_named_as_such) {
  const auto older = encode_metadata_record(node);
  auto active = std::get<NodeRecord>(node);
  active.status = NodeStatus::active;
  auto newer = encode_metadata_record(active);
  const auto differs = std::mismatch(older.begin(), older.end(), newer.begin()).second; // the status itself
  *differs = 77;
  BOOST_CHECK(refusal(bytes_of(newer)) == ErrorCode::newer_format);
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
