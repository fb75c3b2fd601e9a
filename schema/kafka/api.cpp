#include "schema/kafka/api.h"

#include <algorithm>

#include "schema/assert.h"

namespace callboard::kafka {
namespace {

// Produce is advertised from 0 though served from 3: librdkafka compresses only if
// it sees version 0, and Kafka 4 does the same (KIP-896). For the same reason it writes
// lz4 only if FindCoordinator is there from 0.
constexpr Api table[] = {
    {ApiKey::produce, "Produce", between(3, 11), between(0, 11), 9},
    {ApiKey::fetch, "Fetch", between(4, 12), between(4, 12), 12},
    {ApiKey::list_offsets, "ListOffsets", between(1, 8), between(1, 8), 6},
    {ApiKey::metadata, "Metadata", between(0, 13), between(0, 13), 9},
    {ApiKey::find_coordinator, "FindCoordinator", between(0, 4), between(0, 4), 3},
    {ApiKey::api_versions, "ApiVersions", between(0, 4), between(0, 4), 3},
    {ApiKey::create_topics, "CreateTopics", between(2, 7), between(2, 7), 5},
    {ApiKey::delete_topics, "DeleteTopics", between(1, 6), between(1, 6), 4},
    {ApiKey::delete_records, "DeleteRecords", between(0, 2), between(0, 2), 2},
    {ApiKey::init_producer_id, "InitProducerId", between(0, 5), between(0, 5), 2},
    {ApiKey::describe_configs, "DescribeConfigs", between(1, 4), between(1, 4), 4},
    {ApiKey::alter_configs, "AlterConfigs", between(0, 2), between(0, 2), 2},
    {ApiKey::describe_log_dirs, "DescribeLogDirs", between(1, 4), between(1, 4), 2},
    {ApiKey::create_partitions, "CreatePartitions", between(0, 3), between(0, 3), 2},
    {ApiKey::incremental_alter_configs, "IncrementalAlterConfigs", between(0, 1), between(0, 1), 1},
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
