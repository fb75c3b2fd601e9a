#include <boost/test/unit_test.hpp>

#include "schema/kafka/frame.h"
#include "tests/unit/schema/hex.h"
#include "tests/unit/schema/printing.h"
#include "tests/unit/schema/random_message.h"

// Frames written down by hand from Kafka's message definitions. A response is shown
// with its size and header, a request without its size.
namespace callboard::kafka {
namespace {

std::string joined(const std::vector<SharedBytes>& pieces) {
  std::string whole;
  for (const auto& piece : pieces) whole += piece.text();
  return to_hex(bytes_of(whole));
}

std::string hex(std::string_view digits) {
  return to_hex(from_hex(digits).view());
}

RequestHeader header_of(ApiKey key, std::int16_t version) {
  return {static_cast<std::int16_t>(key), version, 7, std::nullopt};
}

template <Message T>
T decoded(const Request& request) {
  auto read = decode<T>(request.body, request.header.version);
  BOOST_REQUIRE_MESSAGE(read.ok(), why(read));
  return std::move(read).value();
}

FetchResponse fetch_response() {
  FetchablePartitionResponse partition;
  partition.partition_index = 3;
  partition.high_watermark = 9;
  partition.last_stable_offset = 8;
  partition.log_start_offset = 1;
  partition.records = {from_hex("aabb"), from_hex("cc")};
  FetchResponse response;
  response.responses = {{"t", {}, {partition}}};
  return response;
}

} // namespace

BOOST_AUTO_TEST_SUITE(kafka_golden)

BOOST_AUTO_TEST_CASE(api_versions_3_has_tags_in_the_body_but_not_in_the_header) {
  ApiVersionsResponse response;
  response.api_keys = {{0, 0, 11}};
  BOOST_TEST(joined(encode_response(header_of(ApiKey::api_versions, 3), response)) ==
             hex("00000013 00000007 0000 02 0000 0000 000b 00 00000000 00"));
  response.finalized_features_epoch = 5;
  response.finalized_features = {{"f", 2, 1}};
  BOOST_TEST(joined(encode_response(header_of(ApiKey::api_versions, 3), response)) ==
             hex("00000027 00000007 0000 02 0000 0000 000b 00 00000000"
                 "02 01 08 0000000000000005 02 08 02 02 66 0002 0001 00"));
}

BOOST_AUTO_TEST_CASE(api_versions_of_an_unknown_version_is_answered_in_version_0) {
  ApiVersionsResponse response;
  response.error_code = ErrorCode::unsupported_version;
  response.api_keys = {{18, 0, 4}};
  auto out = begin_response(header_of(ApiKey::api_versions, 99));
  encode(response, 0, out);
  const auto pieces = finish_response(std::move(out));
  BOOST_TEST(joined(pieces) == hex("00000010 00000007 0023 00000001 0012 0000 0004"));
}

BOOST_AUTO_TEST_CASE(metadata_4) {
  const auto one = parse_request(from_hex("0003 0004 00000007 ffff 00000001 0001 74 00"));
  BOOST_REQUIRE(one.ok());
  const auto request = decoded<MetadataRequest>(*one);
  BOOST_TEST(request.topics->at(0).name.value() == "t");
  BOOST_TEST(!request.allow_auto_topic_creation);
  const auto all = parse_request(from_hex("0003 0004 00000007 ffff ffffffff 01"));
  BOOST_REQUIRE(all.ok());
  BOOST_TEST(!decoded<MetadataRequest>(*all).topics.has_value());

  MetadataResponse response;
  response.brokers = {{1, "h", 9092, std::nullopt}};
  response.cluster_id = "c";
  response.controller_id = 1;
  MetadataResponseTopic topic;
  topic.name = "t";
  topic.partitions = {{ErrorCode::none, 0, 1, 5, {1}, {1}, {}}};
  response.topics = {topic};
  BOOST_TEST(joined(encode_response(header_of(ApiKey::metadata, 4), response)) ==
             hex("00000048 00000007 00000000"
                 "00000001 00000001 0001 68 00002384 ffff"
                 "0001 63 00000001"
                 "00000001 0000 0001 74 00"
                 "00000001 0000 00000000 00000001 00000001 00000001 00000001 00000001"));
}

BOOST_AUTO_TEST_CASE(produce_7_request_is_not_copied) {
  const auto frame = from_hex("0000 0007 0000002a 0003 636c69"
                              "ffff ffff 00001388"
                              "00000001 0001 74 00000001 00000003 00000003 aabbcc");
  const auto request = parse_request(frame);
  BOOST_REQUIRE(request.ok());
  BOOST_TEST((request->header == RequestHeader{0, 7, 42, "cli"}));
  const auto produce = decoded<ProduceRequest>(*request);
  BOOST_TEST(!produce.transactional_id.has_value());
  BOOST_TEST(produce.acks == -1);
  BOOST_TEST(produce.timeout_ms == 5000);
  BOOST_TEST(produce.topic_data.at(0).name == "t");
  const auto& partition = produce.topic_data[0].partition_data.at(0);
  BOOST_TEST(partition.index == 3);
  BOOST_TEST(to_hex(partition.records->view()) == "aabbcc");
  BOOST_TEST(partition.records->data() == frame.data() + frame.size() - 3);
}

BOOST_AUTO_TEST_CASE(produce_9_is_compact) {
  const auto request = parse_request(from_hex("0000 0009 0000002a 0003 636c69 00"
                                              "00 ffff 00001388"
                                              "02 02 74 02 00000003 04 aabbcc 00 00 00"));
  BOOST_REQUIRE(request.ok());
  const auto produce = decoded<ProduceRequest>(*request);
  BOOST_TEST(to_hex(produce.topic_data.at(0).partition_data.at(0).records->view()) == "aabbcc");

  ProduceResponse response;
  PartitionProduceResponse partition;
  partition.index = 3;
  partition.base_offset = 16;
  partition.log_start_offset = 0;
  response.responses = {{"t", {partition}}};
  BOOST_TEST(joined(encode_response(header_of(ApiKey::produce, 9), response)) ==
             hex("00000030 00000007 00"
                 "02 02 74 02 00000003 0000 0000000000000010 ffffffffffffffff 0000000000000000 01 00 00 00"
                 "00000000 00"));
}

BOOST_AUTO_TEST_CASE(produce_7_response) {
  ProduceResponse response;
  PartitionProduceResponse partition;
  partition.index = 3;
  partition.error_code = ErrorCode::storage_full; // ours: clients see KAFKA_STORAGE_ERROR
  partition.base_offset = -1;
  response.responses = {{"t", {partition}}};
  BOOST_TEST(joined(encode_response(header_of(ApiKey::produce, 7), response)) ==
             hex("00000031 00000007"
                 "00000001 0001 74 00000001 00000003 0038 ffffffffffffffff ffffffffffffffff ffffffffffffffff"
                 "00000000"));
}

BOOST_AUTO_TEST_CASE(fetch_4) {
  BOOST_TEST(joined(encode_response(header_of(ApiKey::fetch, 4), fetch_response())) ==
             hex("00000034 00000007 00000000 00000001 0001 74"
                 "00000001 00000003 0000 0000000000000009 0000000000000008 ffffffff 00000003 aabbcc"));
}

BOOST_AUTO_TEST_CASE(fetch_11) {
  auto response = fetch_response();
  response.responses[0].partitions[0].aborted_transactions = {{5, 6}};
  BOOST_TEST(joined(encode_response(header_of(ApiKey::fetch, 11), response)) ==
             hex("00000056 00000007 00000000 0000 00000000 00000001 0001 74"
                 "00000001 00000003 0000 0000000000000009 0000000000000008 0000000000000001"
                 "00000001 0000000000000005 0000000000000006 ffffffff 00000003 aabbcc"));
}

BOOST_AUTO_TEST_CASE(fetch_12_names_the_new_leader_in_a_tag) {
  auto response = fetch_response();
  response.responses[0].partitions[0].current_leader = {2, 6};
  BOOST_TEST(joined(encode_response(header_of(ApiKey::fetch, 12), response)) ==
             hex("00000048 00000007 00 00000000 0000 00000000 02 02 74"
                 "02 00000003 0000 0000000000000009 0000000000000008 0000000000000001 00 ffffffff 04 aabbcc"
                 "01 01 09 00000002 00000006 00"
                 "00 00"));
}

BOOST_AUTO_TEST_CASE(fetch_17_names_topics_by_id) {
  const std::string id = "000102030405060708090a0b0c0d0e0f";
  const auto frame = parse_request(from_hex("0001 0011 00000007 ffff 00"
                                            "000001f4 00000001 00100000 01 00000005 00000002"
                                            "02 " +
                                            id +
                                            "02 00000003 00000006 0000000000000010 00000005 ffffffffffffffff 00010000"
                                            "01 00 10 " +
                                            id +
                                            "00"
                                            "02 " +
                                            id +
                                            "02 00000004 00"
                                            "01 01 01 0d 00000009 000000000000000a 00"));
  BOOST_REQUIRE_MESSAGE(frame.ok(), why(frame));
  const auto request = decoded<FetchRequest>(*frame);
  BOOST_TEST(request.session_id == 5);
  BOOST_TEST(request.session_epoch == 2);
  BOOST_TEST(request.replica_state.replica_id == 9);
  BOOST_TEST(request.topics.at(0).topic_id.hex() == id);
  const auto& partition = request.topics[0].partitions.at(0);
  BOOST_TEST(partition.last_fetched_epoch == 5);
  BOOST_TEST(partition.partition_max_bytes == 65536);
  BOOST_TEST(partition.replica_directory_id.hex() == id);
  BOOST_TEST(request.forgotten_topics_data.at(0).topic_id.hex() == id);
  BOOST_TEST(request.forgotten_topics_data[0].partitions.at(0) == 4);
}

BOOST_AUTO_TEST_CASE(fetch_16_says_where_the_new_leader_is) {
  FetchablePartitionResponse partition;
  partition.partition_index = 3;
  partition.error_code = ErrorCode::not_leader_or_follower;
  partition.high_watermark = -1;
  partition.current_leader = {2, 6};
  FetchResponse response;
  response.session_id = 5;
  response.responses = {{"not on the wire", Uuid{{1}}, {partition}}};
  response.node_endpoints = {{2, "h", 9092, std::nullopt}};
  BOOST_TEST(joined(encode_response(header_of(ApiKey::fetch, 16), response)) ==
             hex("00000062 00000007 00 00000000 0000 00000005 02 01000000000000000000000000000000"
                 "02 00000003 0006 ffffffffffffffff ffffffffffffffff ffffffffffffffff 00 ffffffff 01"
                 "01 01 09 00000002 00000006 00"
                 "00 01 00 0d 02 00000002 02 68 00002384 00 00"));
}

BOOST_AUTO_TEST_CASE(list_offsets_10_has_a_timeout) {
  const auto frame = parse_request(from_hex("0002 000a 00000007 ffff 00 ffffffff 00"
                                            "02 02 74 02 00000003 ffffffff fffffffffffffffb 00 00 00001388 00"));
  BOOST_REQUIRE_MESSAGE(frame.ok(), why(frame));
  const auto request = decoded<ListOffsetsRequest>(*frame);
  BOOST_TEST(request.topics.at(0).partitions.at(0).timestamp == latest_tiered_timestamp);
  BOOST_TEST(request.timeout_ms == 5000);
}

BOOST_AUTO_TEST_CASE(offset_for_leader_epoch_2_and_4) {
  const auto old =
      parse_request(from_hex("0017 0002 00000007 ffff 00000001 0001 74 00000001 00000003 00000006 00000005"));
  BOOST_REQUIRE_MESSAGE(old.ok(), why(old));
  BOOST_TEST(decoded<OffsetForLeaderEpochRequest>(*old).topics.at(0).partitions.at(0).current_leader_epoch == 6);
  const auto frame =
      parse_request(from_hex("0017 0004 00000007 ffff 00 ffffffff 02 02 74 02 00000003 00000006 00000005 00 00 00"));
  BOOST_REQUIRE_MESSAGE(frame.ok(), why(frame));
  const auto request = decoded<OffsetForLeaderEpochRequest>(*frame);
  BOOST_TEST(request.replica_id == -1);
  BOOST_TEST(request.topics.at(0).partitions.at(0).leader_epoch == 5);

  OffsetForLeaderEpochResponse response;
  response.topics = {{"t", {{ErrorCode::none, 3, 5, 16}}}};
  BOOST_TEST(joined(encode_response(header_of(ApiKey::offset_for_leader_epoch, 0), response)) ==
             hex("0000001d 00000007 00000001 0001 74 00000001 0000 00000003 0000000000000010"));
  BOOST_TEST(joined(encode_response(header_of(ApiKey::offset_for_leader_epoch, 4), response)) ==
             hex("00000022 00000007 00 00000000 02 02 74 02 0000 00000003 00000005 0000000000000010 00 00 00"));
}

BOOST_AUTO_TEST_CASE(init_producer_id_4) {
  const auto request = parse_request(from_hex("0016 0004 00000007 ffff 00 00 0000ea60 ffffffffffffffff ffff 00"));
  BOOST_REQUIRE(request.ok());
  const auto init = decoded<InitProducerIdRequest>(*request);
  BOOST_TEST(!init.transactional_id.has_value());
  BOOST_TEST(init.transaction_timeout_ms == 60000);
  BOOST_TEST(init.producer_id == -1);

  InitProducerIdResponse response;
  response.producer_id = 4000;
  BOOST_TEST(joined(encode_response(header_of(ApiKey::init_producer_id, 4), response)) ==
             hex("00000016 00000007 00 00000000 0000 0000000000000fa0 0000 00"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard::kafka
