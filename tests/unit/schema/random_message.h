#pragma once

#include <random>
#include <string>

#include "schema/bytes.h"
#include "schema/error_code.h"
#include "schema/kafka/alter_configs.h"
#include "schema/kafka/alter_partition_reassignments.h"
#include "schema/kafka/api_versions.h"
#include "schema/kafka/create_partitions.h"
#include "schema/kafka/create_topics.h"
#include "schema/kafka/delete_groups.h"
#include "schema/kafka/delete_records.h"
#include "schema/kafka/delete_topics.h"
#include "schema/kafka/describe_cluster.h"
#include "schema/kafka/describe_configs.h"
#include "schema/kafka/describe_groups.h"
#include "schema/kafka/describe_log_dirs.h"
#include "schema/kafka/describe_producers.h"
#include "schema/kafka/describe_topic_partitions.h"
#include "schema/kafka/descriptor.h"
#include "schema/kafka/elect_leaders.h"
#include "schema/kafka/fetch.h"
#include "schema/kafka/find_coordinator.h"
#include "schema/kafka/heartbeat.h"
#include "schema/kafka/incremental_alter_configs.h"
#include "schema/kafka/init_producer_id.h"
#include "schema/kafka/join_group.h"
#include "schema/kafka/leave_group.h"
#include "schema/kafka/list_groups.h"
#include "schema/kafka/list_offsets.h"
#include "schema/kafka/list_partition_reassignments.h"
#include "schema/kafka/metadata.h"
#include "schema/kafka/offset_commit.h"
#include "schema/kafka/offset_delete.h"
#include "schema/kafka/offset_fetch.h"
#include "schema/kafka/offset_for_leader_epoch.h"
#include "schema/kafka/produce.h"
#include "schema/kafka/sync_group.h"
#include "schema/kafka/wire.h"
#include "schema/uuid.h"

// Random messages and their comparison, out of the tables that describe them.
namespace callboard::kafka {

using AllMessages =
    std::tuple<ProduceRequest, ProduceResponse, FetchRequest, FetchResponse, ListOffsetsRequest, ListOffsetsResponse,
               MetadataRequest, MetadataResponse, ApiVersionsRequest, ApiVersionsResponse, CreateTopicsRequest,
               CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse, InitProducerIdRequest,
               InitProducerIdResponse, FindCoordinatorRequest, FindCoordinatorResponse, DescribeConfigsRequest,
               DescribeConfigsResponse, DescribeClusterRequest, DescribeClusterResponse, OffsetForLeaderEpochRequest,
               OffsetForLeaderEpochResponse, JoinGroupRequest, JoinGroupResponse, SyncGroupRequest, SyncGroupResponse,
               HeartbeatRequest, HeartbeatResponse, LeaveGroupRequest, LeaveGroupResponse, OffsetCommitRequest,
               OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse, OffsetDeleteRequest, OffsetDeleteResponse,
               ListGroupsRequest, ListGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse,
               DeleteGroupsRequest, DeleteGroupsResponse, AlterConfigsRequest, AlterConfigsResponse,
               CreatePartitionsRequest, CreatePartitionsResponse, DeleteRecordsRequest, DeleteRecordsResponse,
               DescribeLogDirsRequest, DescribeLogDirsResponse, DescribeProducersRequest, DescribeProducersResponse,
               DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, IncrementalAlterConfigsRequest,
               IncrementalAlterConfigsResponse, AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
               ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse, ElectLeadersRequest,
               ElectLeadersResponse>;

// Fills every field that `version` has; the others keep their defaults.
class RandomMessage {
public:
  RandomMessage(std::uint64_t seed, std::int16_t version) : random_(seed), version_(version) {}

  template <Message T>
  T make() {
    T message;
    fill(message);
    return message;
  }

private:
  bool one_in(unsigned n) { return random_() % n == 0; }

  template <std::integral T>
  void fill(T& value) {
    value = static_cast<T>(one_in(4) ? random_() : random_() % 100);
  }
  void fill(bool& value) { value = one_in(2); }
  void fill(ErrorCode& value) { value = static_cast<ErrorCode>(static_cast<int>(random_() % 90) - 1); }
  void fill(Uuid& value) {
    for (auto& byte : value.bytes) fill(byte);
  }
  void fill(std::string& value) {
    value.resize(one_in(8) ? random_() % 300 : random_() % 12);
    for (auto& c : value) c = static_cast<char>(random_());
  }
  void fill(SharedBytes& value) {
    std::string content(1 + (one_in(3) ? 2000 : 0) + random_() % 50, '\0');
    for (auto& c : content) c = static_cast<char>(random_());
    value = SharedBytes::copy_of(content);
  }
  // Comes back as one slice, or none if it is empty.
  void fill(std::vector<SharedBytes>& value) {
    value.resize(random_() % 2);
    for (auto& slice : value) fill(slice);
  }
  template <class E>
  void fill(std::vector<E>& value) {
    value.resize(random_() % 4);
    for (auto& element : value) fill(element);
  }
  template <Described T>
  void fill(T& value) {
    std::apply([&](const auto&... f) { (fill_field(value, f), ...); }, T::fields);
  }

  template <class T, class F>
  void fill_field(T& value, const F& f) {
    if (!f.present.has(version_) || (F::is_tagged && one_in(2))) return;
    auto& member = value.*f.member;
    if constexpr (requires { member.has_value(); }) {
      if (f.nullable.has(version_) && one_in(4)) return member.reset();
      fill(member.emplace());
    } else {
      fill(member);
    }
  }

  std::mt19937_64 random_;
  std::int16_t version_;
};

template <class T>
bool same(const T& a, const T& b) {
  if constexpr (Described<T>) {
    return std::apply([&](const auto&... f) { return (same(a.*f.member, b.*f.member) && ...); }, T::fields);
  } else if constexpr (std::is_same_v<T, SharedBytes>) {
    return a.text() == b.text();
  } else if constexpr (requires { a.has_value(); }) {
    return a.has_value() == b.has_value() && (!a || same(*a, *b));
  } else if constexpr (requires { a.begin(); }) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) { return same(x, y); });
  } else {
    return a == b;
  }
}

// The body in one piece.
template <Message T>
SharedBytes encoded(const T& message, std::int16_t version) {
  OutputChain out;
  encode(message, version, out);
  std::string whole;
  for (const auto& piece : out.take()) whole += piece.text();
  return SharedBytes::copy_of(whole);
}

template <class Check>
void for_each_version(Versions versions, Check check) {
  for (auto version = versions.first; version <= versions.last; ++version) check(version);
}

} // namespace callboard::kafka
