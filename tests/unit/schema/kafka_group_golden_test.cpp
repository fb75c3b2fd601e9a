#include <boost/test/unit_test.hpp>

#include "tests/unit/schema/hex.h"
#include "tests/unit/schema/printing.h"
#include "tests/unit/schema/random_message.h"

// Bodies of what groups say, written down by hand from Kafka's message definitions; as in
// kafka_golden_test.cpp, without the header.
namespace callboard::kafka {
namespace {

template <Message T>
std::string hex_of(std::int16_t version, const T& message) {
  return to_hex(encoded(message, version).view());
}

std::string hex(std::string_view digits) {
  return to_hex(from_hex(digits).view());
}

template <Message T>
T read(std::int16_t version, std::string_view digits) {
  auto message = decode<T>(from_hex(digits), version);
  BOOST_REQUIRE_MESSAGE(message.ok(), why(message));
  return std::move(message).value();
}

JoinGroupResponse join_response() {
  JoinGroupResponse response;
  response.generation_id = 3;
  response.protocol_type = "c";
  response.protocol_name = "r";
  response.leader = "m";
  response.member_id = "m";
  response.members = {{"m", "i", from_hex("aabb")}};
  return response;
}

OffsetFetchResponse fetched_offset() {
  OffsetFetchPartitionResponse partition;
  partition.partition_index = 3;
  partition.committed_offset = 16;
  partition.committed_leader_epoch = 5;
  OffsetFetchResponse response;
  response.topics = {{"t", {partition}}};
  return response;
}

} // namespace

BOOST_AUTO_TEST_SUITE(kafka_group_golden)

BOOST_AUTO_TEST_CASE(join_group_0_has_neither_instance_nor_rebalance_timeout) {
  const auto frame = from_hex("0001 67 00002710 0000 0001 63 00000001 0001 72 00000002 aabb");
  const auto request = decode<JoinGroupRequest>(frame, 0);
  BOOST_REQUIRE_MESSAGE(request.ok(), why(request));
  BOOST_TEST(request->group_id == "g");
  BOOST_TEST(request->session_timeout_ms == 10000);
  BOOST_TEST(request->rebalance_timeout_ms == -1);
  BOOST_TEST(request->member_id.empty());
  BOOST_TEST(request->protocol_type == "c");
  BOOST_TEST(request->protocols.at(0).name == "r");
  BOOST_TEST(to_hex(request->protocols[0].metadata.view()) == "aabb");
  BOOST_TEST(request->protocols[0].metadata.data() == frame.data() + frame.size() - 2); // not copied
  BOOST_TEST(hex_of(0, join_response()) == hex("0000 00000003 0001 72 0001 6d 0001 6d"
                                               "00000001 0001 6d 00000002 aabb"));
}

BOOST_AUTO_TEST_CASE(join_group_5_has_both) {
  const auto request =
      read<JoinGroupRequest>(5, "0001 67 00002710 0000ea60 0001 6d 0001 69 0001 63 00000001 0001 72 00000000");
  BOOST_TEST(request.rebalance_timeout_ms == 60000);
  BOOST_TEST(request.group_instance_id.value() == "i");
  BOOST_TEST(hex_of(5, join_response()) == hex("00000000 0000 00000003 0001 72 0001 6d 0001 6d"
                                               "00000001 0001 6d 0001 69 00000002 aabb"));
}

BOOST_AUTO_TEST_CASE(join_group_9_is_compact_and_may_skip_the_assignment) {
  const auto request = read<JoinGroupRequest>(9, "02 67 00002710 0000ea60 02 6d 00 02 63 02 02 72 03 aabb 00 02 77 00");
  BOOST_TEST(!request.group_instance_id.has_value());
  BOOST_TEST(to_hex(request.protocols.at(0).metadata.view()) == "aabb");
  BOOST_TEST(request.reason.value() == "w");
  auto response = join_response();
  response.skip_assignment = true;
  BOOST_TEST(hex_of(9, response) ==
             hex("00000000 0000 00000003 02 63 02 72 02 6d 01 02 6d 02 02 6d 02 69 03 aabb 00 00"));
  response.protocol_name.reset();
  response.members.clear();
  BOOST_TEST(hex_of(7, response) == hex("00000000 0000 00000003 02 63 00 02 6d 02 6d 01 00"));
  BOOST_TEST(hex_of(6, response) == hex("00000000 0000 00000003 01 02 6d 02 6d 01 00"));
}

BOOST_AUTO_TEST_CASE(sync_group_1_and_5) {
  auto request = read<SyncGroupRequest>(1, "0001 67 00000003 0001 6d 00000001 0001 6e 00000001 cc");
  BOOST_TEST(request.generation_id == 3);
  BOOST_TEST(request.assignments.at(0).member_id == "n");
  BOOST_TEST(to_hex(request.assignments[0].assignment.view()) == "cc");
  request = read<SyncGroupRequest>(5, "02 67 00000003 02 6d 00 02 63 02 72 01 00");
  BOOST_TEST(request.protocol_type.value() == "c");
  BOOST_TEST(request.protocol_name.value() == "r");
  BOOST_TEST(request.assignments.empty());
  SyncGroupResponse response;
  response.protocol_type = "c";
  response.protocol_name = "r";
  response.assignment = from_hex("cc");
  BOOST_TEST(hex_of(0, response) == hex("0000 00000001 cc"));
  BOOST_TEST(hex_of(1, response) == hex("00000000 0000 00000001 cc"));
  BOOST_TEST(hex_of(5, response) == hex("00000000 0000 02 63 02 72 02 cc 00"));
}

BOOST_AUTO_TEST_CASE(null_where_bytes_must_be_is_an_error) {
  BOOST_TEST(!decode<SyncGroupResponse>(from_hex("0000 ffffffff"), 0).ok());
  BOOST_TEST(!decode<SyncGroupResponse>(from_hex("0000 00000002 cc"), 0).ok());
}

BOOST_AUTO_TEST_CASE(heartbeat_3_and_4) {
  auto request = read<HeartbeatRequest>(3, "0001 67 00000003 0001 6d ffff");
  BOOST_TEST(request.member_id == "m");
  BOOST_TEST(!request.group_instance_id.has_value());
  request = read<HeartbeatRequest>(4, "02 67 00000003 02 6d 02 69 00");
  BOOST_TEST(request.group_instance_id.value() == "i");
  const HeartbeatResponse response{0, static_cast<ErrorCode>(27)};
  BOOST_TEST(hex_of(0, response) == hex("001b"));
  BOOST_TEST(hex_of(4, response) == hex("00000000 001b 00"));
}

BOOST_AUTO_TEST_CASE(leave_group_2_names_one_member_and_5_several) {
  BOOST_TEST(read<LeaveGroupRequest>(2, "0001 67 0001 6d").member_id == "m");
  const auto request = read<LeaveGroupRequest>(5, "02 67 03 02 6d 00 02 77 00 01 02 69 00 00 00");
  BOOST_TEST(request.members.at(0).member_id == "m");
  BOOST_TEST(request.members[0].reason.value() == "w");
  BOOST_TEST(request.members.at(1).group_instance_id.value() == "i");
  LeaveGroupResponse response;
  response.members = {{"m", std::nullopt, static_cast<ErrorCode>(25)}};
  BOOST_TEST(hex_of(2, response) == hex("00000000 0000"));
  BOOST_TEST(hex_of(3, response) == hex("00000000 0000 00000001 0001 6d ffff 0019"));
  BOOST_TEST(hex_of(4, response) == hex("00000000 0000 02 02 6d 00 0019 00 00"));
}

BOOST_AUTO_TEST_CASE(offset_commit_1_has_a_time_and_2_a_retention) {
  auto request = read<OffsetCommitRequest>(
      1, "0001 67 ffffffff 0000 00000001 0001 74 00000001 00000003 0000000000000010 00000000000000ff ffff");
  BOOST_TEST(request.generation_id == -1);
  BOOST_TEST(request.topics.at(0).partitions.at(0).committed_offset == 16);
  BOOST_TEST(request.topics[0].partitions[0].commit_timestamp_ms == 255);
  BOOST_TEST(!request.topics[0].partitions[0].committed_metadata.has_value());
  request = read<OffsetCommitRequest>(
      2, "0001 67 00000003 0001 6d 00000000000000ff 00000001 0001 74 00000001 00000003 0000000000000010 0001 77");
  BOOST_TEST(request.retention_time_ms == 255);
  BOOST_TEST(request.topics.at(0).partitions.at(0).committed_metadata.value() == "w");
}

BOOST_AUTO_TEST_CASE(offset_commit_7_and_9_have_epoch_and_instance) {
  auto request = read<OffsetCommitRequest>(7, "0001 67 00000003 0001 6d 0001 69 00000001 0001 74"
                                              "00000001 00000003 0000000000000010 00000005 ffff");
  BOOST_TEST(request.group_instance_id.value() == "i");
  BOOST_TEST(request.topics.at(0).partitions.at(0).committed_leader_epoch == 5);
  request = read<OffsetCommitRequest>(
      9, "02 67 00000003 02 6d 00 02 02 74 02 00000003 0000000000000010 ffffffff 00 00 00 00");
  BOOST_TEST(request.topics.at(0).partitions.at(0).committed_leader_epoch == -1);
  OffsetCommitResponse response;
  response.topics = {{"t", {{3, static_cast<ErrorCode>(22)}}}};
  BOOST_TEST(hex_of(2, response) == hex("00000001 0001 74 00000001 00000003 0016"));
  BOOST_TEST(hex_of(3, response) == hex("00000000 00000001 0001 74 00000001 00000003 0016"));
  BOOST_TEST(hex_of(8, response) == hex("00000000 02 02 74 02 00000003 0016 00 00 00"));
}

BOOST_AUTO_TEST_CASE(offset_fetch_1_to_7_ask_for_one_group) {
  BOOST_TEST(!decode<OffsetFetchRequest>(from_hex("0001 67 ffffffff"), 1).ok());
  BOOST_TEST(!read<OffsetFetchRequest>(2, "0001 67 ffffffff").topics.has_value());
  const auto request = read<OffsetFetchRequest>(7, "02 67 02 02 74 03 00000003 00000004 00 01 00");
  BOOST_TEST(request.topics->at(0).partition_indexes.at(1) == 4);
  BOOST_TEST(request.require_stable);
  BOOST_TEST(hex_of(1, fetched_offset()) == hex("00000001 0001 74 00000001 00000003 0000000000000010 ffff 0000"));
  BOOST_TEST(hex_of(5, fetched_offset()) ==
             hex("00000000 00000001 0001 74 00000001 00000003 0000000000000010 00000005 ffff 0000 0000"));
  BOOST_TEST(hex_of(7, fetched_offset()) ==
             hex("00000000 02 02 74 02 00000003 0000000000000010 00000005 00 0000 00 00 0000 00"));
}

BOOST_AUTO_TEST_CASE(offset_fetch_8_and_9_ask_for_several) {
  auto request = read<OffsetFetchRequest>(8, "02 02 67 00 00 00 00");
  BOOST_TEST(request.groups.at(0).group_id == "g");
  BOOST_TEST(!request.groups[0].topics.has_value());
  request = read<OffsetFetchRequest>(9, "02 02 67 02 6d 00000003 01 00 01 00");
  BOOST_TEST(request.groups.at(0).member_id.value() == "m");
  BOOST_TEST(request.groups[0].member_epoch == 3);
  BOOST_TEST(request.groups[0].topics->empty());
  OffsetFetchResponse response;
  response.groups = {{"g", fetched_offset().topics, static_cast<ErrorCode>(16)}};
  BOOST_TEST(hex_of(9, response) == hex("00000000 02 02 67 02 02 74 02"
                                        "00000003 0000000000000010 00000005 00 0000 00 00 0010 00 00"));
}

BOOST_AUTO_TEST_CASE(offset_delete_0) {
  const auto request = read<OffsetDeleteRequest>(0, "0001 67 00000001 0001 74 00000001 00000003");
  BOOST_TEST(request.topics.at(0).partitions.at(0).partition_index == 3);
  OffsetDeleteResponse response;
  response.topics = {{"t", {{3, static_cast<ErrorCode>(86)}}}};
  BOOST_TEST(hex_of(0, response) == hex("0000 00000000 00000001 0001 74 00000001 00000003 0056"));
}

BOOST_AUTO_TEST_CASE(list_groups_0_and_5) {
  BOOST_TEST(read<ListGroupsRequest>(0, "").states_filter.empty());
  const auto request = read<ListGroupsRequest>(5, "02 02 53 02 02 63 00");
  BOOST_TEST(request.states_filter.at(0) == "S");
  BOOST_TEST(request.types_filter.at(0) == "c");
  ListGroupsResponse response;
  response.groups = {{"g", "p", "S", "c"}};
  BOOST_TEST(hex_of(0, response) == hex("0000 00000001 0001 67 0001 70"));
  BOOST_TEST(hex_of(4, response) == hex("00000000 0000 02 02 67 02 70 02 53 00 00"));
  BOOST_TEST(hex_of(5, response) == hex("00000000 0000 02 02 67 02 70 02 53 02 63 00 00"));
}

BOOST_AUTO_TEST_CASE(describe_groups_0_5_and_6) {
  BOOST_TEST(read<DescribeGroupsRequest>(3, "00000001 0001 67 01").include_authorized_operations);
  BOOST_TEST(read<DescribeGroupsRequest>(5, "02 02 67 00 00").groups.at(0) == "g");
  DescribedGroup group;
  group.group_id = "g";
  group.group_state = "S";
  group.protocol_type = "p";
  group.protocol_data = "r";
  group.members = {{"m", "i", "c", "h", from_hex("aa"), from_hex("bb")}};
  DescribeGroupsResponse response;
  response.groups = {group};
  BOOST_TEST(hex_of(0, response) == hex("00000001 0000 0001 67 0001 53 0001 70 0001 72"
                                        "00000001 0001 6d 0001 63 0001 68 00000001 aa 00000001 bb"));
  BOOST_TEST(hex_of(5, response) == hex("00000000 02 0000 02 67 02 53 02 70 02 72"
                                        "02 02 6d 02 69 02 63 02 68 02 aa 02 bb 00 80000000 00 00"));
  DescribedGroup missing;
  missing.error_code = ErrorCode::group_id_not_found;
  missing.error_message = "w";
  missing.group_id = "g";
  missing.group_state = "D";
  response.groups = {missing};
  BOOST_TEST(hex_of(5, response) == hex("00000000 02 0045 02 67 02 44 01 01 01 80000000 00 00"));
  BOOST_TEST(hex_of(6, response) == hex("00000000 02 0045 02 77 02 67 02 44 01 01 01 80000000 00 00"));
}

BOOST_AUTO_TEST_CASE(delete_groups_1_and_2) {
  BOOST_TEST(read<DeleteGroupsRequest>(1, "00000001 0001 67").group_names.at(0) == "g");
  BOOST_TEST(read<DeleteGroupsRequest>(2, "02 02 67 00").group_names.at(0) == "g");
  DeleteGroupsResponse response;
  response.results = {{"g", static_cast<ErrorCode>(68)}};
  BOOST_TEST(hex_of(1, response) == hex("00000000 00000001 0001 67 0044"));
  BOOST_TEST(hex_of(2, response) == hex("00000000 02 02 67 0044 00 00"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace callboard::kafka
