#include <boost/test/unit_test.hpp>

#include "schema/kafka/frame.h"
#include "tests/unit/schema/hex.h"
#include "tests/unit/schema/printing.h"
#include "tests/unit/schema/random_message.h"

// Frames of what administrators ask, written down by hand from Kafka's message
// definitions; as in kafka_golden_test.cpp.
namespace callboard::kafka {
namespace {

template <Message T>
std::string response_hex(ApiKey key, std::int16_t version, const T& response) {
  const auto pieces = encode_response({static_cast<std::int16_t>(key), version, 7, std::nullopt}, response);
  std::string whole;
  for (const auto& piece : pieces) whole += piece.text();
  return to_hex(bytes_of(whole));
}

std::string hex(std::string_view digits) {
  return to_hex(from_hex(digits).view());
}

template <Message T>
T request_of(std::string_view digits) {
  const auto request = parse_request(from_hex(digits));
  BOOST_REQUIRE_MESSAGE(request.ok(), why(request));
  auto read = decode<T>(request->body, request->header.version);
  BOOST_REQUIRE_MESSAGE(read.ok(), why(read));
  return std::move(read).value();
}

DescribeConfigsResponse one_config() {
  DescribeConfigsResourceResult config;
  config.name = "k";
  config.value = "v";
  config.config_source = config_of_topic;
  config.synonyms = {{"s", "w", config_default}};
  config.config_type = 2;
  DescribeConfigsResponse response;
  response.results = {{ErrorCode::none, std::nullopt, resource_topic, "t", {config}}};
  return response;
}

} // namespace

BOOST_AUTO_TEST_SUITE(kafka_admin_golden)

BOOST_AUTO_TEST_CASE(find_coordinator_0_has_a_key_and_no_message) {
  const auto request = request_of<FindCoordinatorRequest>("000a 0000 00000007 ffff 0001 67");
  BOOST_TEST(request.key == "g");
  BOOST_TEST(request.key_type == coordinator_of_group);
  FindCoordinatorResponse response;
  response.error_code = ErrorCode::coordinator_not_available;
  response.error_message = "m";
  BOOST_TEST(response_hex(ApiKey::find_coordinator, 0, response) ==
             hex("00000010 00000007 000f ffffffff 0000 ffffffff"));
  BOOST_TEST(response_hex(ApiKey::find_coordinator, 2, response) ==
             hex("00000017 00000007 00000000 000f 0001 6d ffffffff 0000 ffffffff"));
}

BOOST_AUTO_TEST_CASE(find_coordinator_4_asks_for_several_keys) {
  const auto request = request_of<FindCoordinatorRequest>("000a 0004 00000007 ffff 00 01 03 02 67 02 68 00");
  BOOST_TEST(request.key_type == coordinator_of_transaction);
  BOOST_TEST(request.coordinator_keys == (std::vector<std::string>{"g", "h"}), boost::test_tools::per_element());
  FindCoordinatorResponse response;
  response.coordinators = {{"g", 1, "n", 9092, ErrorCode::none, std::nullopt}};
  BOOST_TEST(response_hex(ApiKey::find_coordinator, 4, response) ==
             hex("0000001b 00000007 00 00000000 02 02 67 00000001 02 6e 00002384 0000 00 00 00"));
  BOOST_TEST(encoded(response, 6).text() == encoded(response, 4).text());
}

BOOST_AUTO_TEST_CASE(describe_configs_0_says_default_or_not) {
  const auto request =
      request_of<DescribeConfigsRequest>("0020 0000 00000007 ffff 00000001 02 0001 74 00000001 0001 6b");
  BOOST_TEST(request.resources.at(0).configuration_keys->at(0) == "k");
  BOOST_TEST(!request.include_synonyms);
  auto response = one_config();
  response.results[0].configs[0].is_default = false;
  BOOST_TEST(response_hex(ApiKey::describe_configs, 0, response) ==
             hex("00000021 00000007 00000000 00000001 0000 ffff 02 0001 74"
                 "00000001 0001 6b 0001 76 00 00 00"));
}

BOOST_AUTO_TEST_CASE(create_topics_0_has_neither_validation_nor_sentences) {
  const auto request = request_of<CreateTopicsRequest>("0013 0000 00000007 ffff 00000001 0001 74 00000003 0001 00000000"
                                                       "00000001 0001 6b 0001 76 00001388");
  BOOST_TEST(request.topics.at(0).num_partitions == 3);
  BOOST_TEST(request.topics[0].configs.at(0).name == "k");
  BOOST_TEST(request.timeout_ms == 5000);
  BOOST_TEST(!request.validate_only);
  CreatableTopicResult topic;
  topic.name = "t";
  topic.error_code = ErrorCode::topic_already_exists;
  topic.error_message = "m";
  CreateTopicsResponse response;
  response.topics = {topic};
  BOOST_TEST(response_hex(ApiKey::create_topics, 0, response) == hex("0000000d 00000007 00000001 0001 74 0024"));
  BOOST_TEST(response_hex(ApiKey::create_topics, 1, response) ==
             hex("00000010 00000007 00000001 0001 74 0024 0001 6d"));
}

BOOST_AUTO_TEST_CASE(delete_topics_0_has_no_throttle_time) {
  const auto request = request_of<DeleteTopicsRequest>("0014 0000 00000007 ffff 00000001 0001 74 00001388");
  BOOST_TEST(request.topic_names.at(0) == "t");
  BOOST_TEST(request.timeout_ms == 5000);
  DeletableTopicResult topic;
  topic.name = "t";
  DeleteTopicsResponse response;
  response.responses = {topic};
  BOOST_TEST(response_hex(ApiKey::delete_topics, 0, response) == hex("0000000d 00000007 00000001 0001 74 0000"));
}

BOOST_AUTO_TEST_CASE(describe_configs_1) {
  const auto request = request_of<DescribeConfigsRequest>("0020 0001 00000007 ffff 00000001 02 0001 74 ffffffff 01");
  BOOST_TEST(request.resources.at(0).resource_type == resource_topic);
  BOOST_TEST(request.resources[0].resource_name == "t");
  BOOST_TEST(!request.resources[0].configuration_keys.has_value());
  BOOST_TEST(request.include_synonyms);
  BOOST_TEST(response_hex(ApiKey::describe_configs, 1, one_config()) ==
             hex("0000002c 00000007 00000000 00000001 0000 ffff 02 0001 74"
                 "00000001 0001 6b 0001 76 00 01 00"
                 "00000001 0001 73 0001 77 05"));
}

BOOST_AUTO_TEST_CASE(describe_configs_4_has_types_and_documentation) {
  const auto request =
      request_of<DescribeConfigsRequest>("0020 0004 00000007 ffff 00 02 02 02 74 02 02 6b 00 00 01 00");
  BOOST_TEST(request.resources.at(0).configuration_keys->at(0) == "k");
  BOOST_TEST(!request.include_synonyms);
  BOOST_TEST(request.include_documentation);
  BOOST_TEST(response_hex(ApiKey::describe_configs, 4, one_config()) ==
             hex("00000024 00000007 00 00000000 02 0000 00 02 02 74"
                 "02 02 6b 02 76 00 01 00"
                 "02 02 73 02 77 05 00"
                 "02 00 00 00 00"));
}

BOOST_AUTO_TEST_CASE(describe_cluster_is_compact_from_its_first_version) {
  BOOST_TEST(request_of<DescribeClusterRequest>("003c 0000 00000007 ffff 00 01 00").endpoint_type ==
             endpoint_of_brokers);
  BOOST_TEST(request_of<DescribeClusterRequest>("003c 0001 00000007 ffff 00 00 02 00").endpoint_type ==
             endpoint_of_controllers);
  DescribeClusterResponse response;
  response.cluster_id = "c";
  response.controller_id = 1;
  response.brokers = {{1, "n", 9092, std::nullopt}};
  BOOST_TEST(response_hex(ApiKey::describe_cluster, 1, response) ==
             hex("00000025 00000007 00 00000000 0000 00 01 02 63 00000001"
                 "02 00000001 02 6e 00002384 00 00 80000000 00"));
}

BOOST_AUTO_TEST_CASE(describe_cluster_2_says_who_is_fenced) {
  BOOST_TEST(request_of<DescribeClusterRequest>("003c 0002 00000007 ffff 00 00 01 01 00").include_fenced_brokers);
  DescribeClusterResponse response;
  response.cluster_id = "c";
  response.controller_id = 1;
  response.brokers = {{1, "n", 9092, std::nullopt, true}};
  BOOST_TEST(response_hex(ApiKey::describe_cluster, 2, response) ==
             hex("00000026 00000007 00 00000000 0000 00 01 02 63 00000001"
                 "02 00000001 02 6e 00002384 00 01 00 80000000 00"));
}

BOOST_AUTO_TEST_CASE(metadata_13_ends_with_an_error) {
  MetadataResponse response;
  response.error_code = ErrorCode::invalid_request;
  BOOST_TEST(response_hex(ApiKey::metadata, 13, response) ==
             hex("00000013 00000007 00 00000000 01 00 ffffffff 01 002a 00"));
}

BOOST_AUTO_TEST_CASE(create_partitions_0_lets_the_broker_place) {
  const auto request =
      request_of<CreatePartitionsRequest>("0025 0000 00000007 ffff 00000001 0001 74 00000003 ffffffff 00001388 01");
  BOOST_TEST(request.topics.at(0).name == "t");
  BOOST_TEST(request.topics[0].count == 3);
  BOOST_TEST(!request.topics[0].assignments.has_value());
  BOOST_TEST(request.timeout_ms == 5000);
  BOOST_TEST(request.validate_only);
  CreatePartitionsResponse response;
  response.results = {{"t", ErrorCode::invalid_partitions, "m"}};
  BOOST_TEST(response_hex(ApiKey::create_partitions, 0, response) ==
             hex("00000014 00000007 00000000 00000001 0001 74 0025 0001 6d"));
}

BOOST_AUTO_TEST_CASE(create_partitions_2_with_assignments) {
  const auto request = request_of<CreatePartitionsRequest>(
      "0025 0002 00000007 ffff 00 02 02 74 00000003 02 02 00000001 00 00 00001388 00 00");
  BOOST_REQUIRE(request.topics.at(0).assignments.has_value());
  BOOST_TEST(request.topics[0].assignments->at(0).broker_ids.at(0) == 1);
}

BOOST_AUTO_TEST_CASE(alter_configs_1) {
  const auto request =
      request_of<AlterConfigsRequest>("0021 0001 00000007 ffff 00000001 02 0001 74 00000001 0001 6b 0001 76 00");
  BOOST_TEST(request.resources.at(0).resource_type == resource_topic);
  BOOST_TEST(request.resources[0].configs.at(0).name == "k");
  BOOST_TEST(request.resources[0].configs[0].value.value() == "v");
  AlterConfigsResponse response;
  response.responses = {{ErrorCode::none, std::nullopt, resource_topic, "t"}};
  BOOST_TEST(response_hex(ApiKey::alter_configs, 1, response) ==
             hex("00000014 00000007 00000000 00000001 0000 ffff 02 0001 74"));
}

BOOST_AUTO_TEST_CASE(incremental_alter_configs_1_has_operations) {
  const auto request = request_of<IncrementalAlterConfigsRequest>(
      "002c 0001 00000007 ffff 00 02 02 02 74 02 02 6b 02 02 76 00 00 01 00");
  BOOST_TEST(request.resources.at(0).configs.at(0).name == "k");
  BOOST_TEST(request.resources[0].configs[0].config_operation == 2);
  BOOST_TEST(request.resources[0].configs[0].value.value() == "v");
  BOOST_TEST(request.validate_only);
  IncrementalAlterConfigsResponse response;
  response.responses = {{ErrorCode::invalid_config, "m", resource_topic, "t"}};
  BOOST_TEST(response_hex(ApiKey::incremental_alter_configs, 1, response) ==
             hex("00000013 00000007 00 00000000 02 0028 02 6d 02 02 74 00 00"));
}

BOOST_AUTO_TEST_CASE(delete_records_2) {
  const auto request = request_of<DeleteRecordsRequest>(
      "0015 0002 00000007 ffff 00 02 02 74 02 00000001 ffffffffffffffff 00 00 00001388 00");
  BOOST_TEST(request.topics.at(0).partitions.at(0).partition_index == 1);
  BOOST_TEST(request.topics[0].partitions[0].offset == -1);
  DeleteRecordsResponse response;
  response.topics = {{"t", {{1, 5, ErrorCode::none}}}};
  BOOST_TEST(response_hex(ApiKey::delete_records, 2, response) ==
             hex("0000001e 00000007 00 00000000 02 02 74 02 00000001 0000000000000005 0000 00 00 00"));
}

BOOST_AUTO_TEST_CASE(describe_log_dirs_4_tells_of_the_volume) {
  BOOST_TEST(!request_of<DescribeLogDirsRequest>("0023 0001 00000007 ffff ffffffff").topics.has_value());
  DescribeLogDirsResponse response;
  response.results = {{ErrorCode::none, "d", {{"t", {{1, 100, 0, false}}}}, 3, 2}};
  BOOST_TEST(response_hex(ApiKey::describe_log_dirs, 4, response) ==
             hex("0000003d 00000007 00 00000000 0000 02 0000 02 64 02 02 74 02"
                 "00000001 0000000000000064 0000000000000000 00 00 00"
                 "0000000000000003 0000000000000002 00 00"));
}

BOOST_AUTO_TEST_CASE(describe_topic_partitions_has_a_cursor_or_null) {
  const auto all = request_of<DescribeTopicPartitionsRequest>("004b 0000 00000007 ffff 00 02 02 74 00 000007d0 ff 00");
  BOOST_TEST(all.topics.at(0).name == "t");
  BOOST_TEST(all.response_partition_limit == 2000);
  BOOST_TEST(!all.cursor.has_value());
  const auto more =
      request_of<DescribeTopicPartitionsRequest>("004b 0000 00000007 ffff 00 01 000007d0 01 02 74 00000005 00 00");
  BOOST_REQUIRE(more.cursor.has_value());
  BOOST_TEST(more.cursor->topic_name == "t");
  BOOST_TEST(more.cursor->partition_index == 5);
  DescribeTopicPartitionsResponse response;
  BOOST_TEST(response_hex(ApiKey::describe_topic_partitions, 0, response) ==
             hex("0000000c 00000007 00 00000000 01 ff 00"));
  response.next_cursor = {"t", 5};
  BOOST_TEST(response_hex(ApiKey::describe_topic_partitions, 0, response) ==
             hex("00000013 00000007 00 00000000 01 01 02 74 00000005 00 00"));
}

BOOST_AUTO_TEST_CASE(a_cursor_is_there_or_null_and_nothing_else) {
  const auto request = parse_request(from_hex("004b 0000 00000007 ffff 00 01 000007d0 02 02 74 00000005 00 00"));
  BOOST_REQUIRE(request.ok());
  BOOST_TEST(!decode<DescribeTopicPartitionsRequest>(request->body, 0).ok());
}

BOOST_AUTO_TEST_CASE(describe_producers_0) {
  const auto request = request_of<DescribeProducersRequest>("003d 0000 00000007 ffff 00 02 02 74 02 00000001 00 00");
  BOOST_TEST(request.topics.at(0).partition_indexes.at(0) == 1);
  DescribeProducersResponse response;
  response.topics = {{"t", {{1, ErrorCode::none, std::nullopt, {{9, 3, 7, -1, -1, -1}}}}}};
  BOOST_TEST(response_hex(ApiKey::describe_producers, 0, response) ==
             hex("0000003d 00000007 00 00000000 02 02 74 02 00000001 0000 00 02"
                 "0000000000000009 00000003 00000007 ffffffffffffffff ffffffff ffffffffffffffff 00"
                 "00 00 00"));
}

BOOST_AUTO_TEST_CASE(alter_partition_reassignments_0_moves_and_cancels) {
  const auto request = request_of<AlterPartitionReassignmentsRequest>(
      "002d 0000 00000007 ffff 00 00001388 02 02 74 03 00000000 03 00000001 00000002 00 00000001 00 00 00 00");
  BOOST_TEST(request.timeout_ms == 5000);
  BOOST_TEST(request.allow_replication_factor_change);
  const auto& partitions = request.topics.at(0).partitions;
  BOOST_TEST(*partitions.at(0).replicas == (std::vector<std::int32_t>{1, 2}), boost::test_tools::per_element());
  BOOST_TEST(!partitions.at(1).replicas.has_value());
  AlterPartitionReassignmentsResponse response;
  response.responses = {{"t", {{1, ErrorCode::invalid_replica_assignment, "m"}}}};
  BOOST_TEST(response_hex(ApiKey::alter_partition_reassignments, 0, response) ==
             hex("0000001b 00000007 00 00000000 0000 00 02 02 74 02 00000001 0027 02 6d 00 00 00"));
}

BOOST_AUTO_TEST_CASE(alter_partition_reassignments_1_may_keep_the_factor) {
  const auto request = request_of<AlterPartitionReassignmentsRequest>("002d 0001 00000007 ffff 00 00001388 00 01 00");
  BOOST_TEST(!request.allow_replication_factor_change);
  BOOST_TEST(request.topics.empty());
  BOOST_TEST(response_hex(ApiKey::alter_partition_reassignments, 1, AlterPartitionReassignmentsResponse{}) ==
             hex("0000000f 00000007 00 00000000 01 0000 00 01 00"));
}

BOOST_AUTO_TEST_CASE(list_partition_reassignments_0_of_all_topics_or_some) {
  BOOST_TEST(!request_of<ListPartitionReassignmentsRequest>("002e 0000 00000007 ffff 00 00001388 00 00").topics);
  const auto some =
      request_of<ListPartitionReassignmentsRequest>("002e 0000 00000007 ffff 00 00001388 02 02 74 02 00000003 00 00");
  BOOST_TEST(some.topics->at(0).partition_indexes.at(0) == 3);
  ListPartitionReassignmentsResponse response;
  response.topics = {{"t", {{0, {1, 2, 3}, {3}, {1}}}}};
  BOOST_TEST(response_hex(ApiKey::list_partition_reassignments, 0, response) ==
             hex("0000002e 00000007 00 00000000 0000 00 02 02 74 02 00000000 04 00000001 00000002 00000003 "
                 "02 00000003 02 00000001 00 00 00"));
}

BOOST_AUTO_TEST_CASE(elect_leaders_names_its_kind_since_1) {
  const auto first =
      request_of<ElectLeadersRequest>("002b 0000 00000007 ffff 00000001 0001 74 00000002 00000000 00000003 00001388");
  BOOST_TEST(int{first.election_type} == int{election_preferred});
  BOOST_TEST(first.topic_partitions->at(0).partitions.at(1) == 3);
  const auto unclean = request_of<ElectLeadersRequest>("002b 0001 00000007 ffff 01 ffffffff 00001388");
  BOOST_TEST(int{unclean.election_type} == int{election_unclean});
  BOOST_TEST(!unclean.topic_partitions.has_value());
  BOOST_TEST(!request_of<ElectLeadersRequest>("002b 0002 00000007 ffff 00 00 00 00001388 00").topic_partitions);
  ElectLeadersResponse response;
  response.replica_election_results = {{"t", {{2, ErrorCode::election_not_needed, std::nullopt}}}};
  BOOST_TEST(response_hex(ApiKey::elect_leaders, 0, response) ==
             hex("0000001b 00000007 00000000 00000001 0001 74 00000001 00000002 0054 ffff"));
  BOOST_TEST(response_hex(ApiKey::elect_leaders, 1, response) ==
             hex("0000001d 00000007 00000000 0000 00000001 0001 74 00000001 00000002 0054 ffff"));
  BOOST_TEST(response_hex(ApiKey::elect_leaders, 2, response) ==
             hex("00000019 00000007 00 00000000 0000 02 02 74 02 00000002 0054 00 00 00 00"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard::kafka
