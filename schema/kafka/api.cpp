#include "schema/kafka/api.h"

#include <algorithm>
#include <limits>

#include "schema/assert.h"

namespace callboard::kafka {
namespace {

// Produce is advertised from 0 though served from 3: librdkafka compresses only if
// it sees version 0, and Kafka 4 does the same (KIP-896). For the same reason it writes
// lz4 only if FindCoordinator is there from 0.
constexpr Api table[] = {
    {ApiKey::produce, "Produce", between(3, 11), between(0, 11), 9},
    {ApiKey::fetch, "Fetch", between(4, 17), between(4, 17), 12},
    {ApiKey::list_offsets, "ListOffsets", between(1, 10), between(1, 10), 6},
    {ApiKey::metadata, "Metadata", between(0, 13), between(0, 13), 9},
    {ApiKey::offset_commit, "OffsetCommit", between(1, 9), between(1, 9), 8},
    {ApiKey::offset_fetch, "OffsetFetch", between(1, 9), between(1, 9), 6},
    {ApiKey::find_coordinator, "FindCoordinator", between(0, 6), between(0, 6), 3},
    {ApiKey::join_group, "JoinGroup", between(0, 9), between(0, 9), 6},
    {ApiKey::heartbeat, "Heartbeat", between(0, 4), between(0, 4), 4},
    {ApiKey::leave_group, "LeaveGroup", between(0, 5), between(0, 5), 4},
    {ApiKey::sync_group, "SyncGroup", between(0, 5), between(0, 5), 4},
    {ApiKey::describe_groups, "DescribeGroups", between(0, 6), between(0, 6), 5},
    {ApiKey::list_groups, "ListGroups", between(0, 5), between(0, 5), 3},
    {ApiKey::api_versions, "ApiVersions", between(0, 4), between(0, 4), 3},
    {ApiKey::create_topics, "CreateTopics", between(0, 7), between(0, 7), 5},
    {ApiKey::delete_topics, "DeleteTopics", between(0, 6), between(0, 6), 4},
    {ApiKey::delete_records, "DeleteRecords", between(0, 2), between(0, 2), 2},
    {ApiKey::init_producer_id, "InitProducerId", between(0, 5), between(0, 5), 2},
    {ApiKey::offset_for_leader_epoch, "OffsetForLeaderEpoch", between(0, 4), between(0, 4), 4},
    {ApiKey::describe_configs, "DescribeConfigs", between(0, 4), between(0, 4), 4},
    {ApiKey::alter_configs, "AlterConfigs", between(0, 2), between(0, 2), 2},
    {ApiKey::describe_log_dirs, "DescribeLogDirs", between(1, 4), between(1, 4), 2},
    {ApiKey::create_partitions, "CreatePartitions", between(0, 3), between(0, 3), 2},
    {ApiKey::delete_groups, "DeleteGroups", between(0, 2), between(0, 2), 2},
    {ApiKey::elect_leaders, "ElectLeaders", between(0, 2), between(0, 2), 2},
    {ApiKey::incremental_alter_configs, "IncrementalAlterConfigs", between(0, 1), between(0, 1), 1},
    {ApiKey::alter_partition_reassignments, "AlterPartitionReassignments", between(0, 1), between(0, 1), 0},
    {ApiKey::list_partition_reassignments, "ListPartitionReassignments", between(0, 0), between(0, 0), 0},
    {ApiKey::offset_delete, "OffsetDelete", between(0, 0), between(0, 0), std::numeric_limits<std::int16_t>::max()},
    {ApiKey::describe_cluster, "DescribeCluster", between(0, 2), between(0, 2), 0},
    {ApiKey::describe_producers, "DescribeProducers", between(0, 0), between(0, 0), 0},
    {ApiKey::describe_topic_partitions, "DescribeTopicPartitions", between(0, 0), between(0, 0), 0},
};

} // namespace

std::span<const Api> apis() {
  return table;
}

const Api& api_of(ApiKey key) {
  const auto* api = find_api(static_cast<std::int16_t>(key));
  CB_ASSERT(api != nullptr);
  return *api;
}

const Api* find_api(std::int16_t key) {
  const auto* found =
      std::find_if(std::begin(table), std::end(table), [&](const Api& api) { return api.key == ApiKey{key}; });
  return found == std::end(table) ? nullptr : found;
}

} // namespace callboard::kafka
