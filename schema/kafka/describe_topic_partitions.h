#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"
#include "schema/kafka/metadata.h"
#include "schema/uuid.h"

namespace callboard::kafka {

// Where an answer that had not room for everything goes on.
struct TopicPartitionCursor {
  std::string topic_name;
  std::int32_t partition_index = 0;

  static constexpr auto fields = std::tuple{
      field("topic_name", &TopicPartitionCursor::topic_name, since(0)),
      field("partition_index", &TopicPartitionCursor::partition_index, since(0)),
  };
};

struct DescribedTopicName {
  std::string name;

  static constexpr auto fields = std::tuple{
      field("name", &DescribedTopicName::name, since(0)),
  };
};

// No topics ask for all (KIP-966).
struct DescribeTopicPartitionsRequest {
  std::vector<DescribedTopicName> topics;
  std::int32_t response_partition_limit = 2000;
  std::optional<TopicPartitionCursor> cursor;

  static constexpr const char* name = "DescribeTopicPartitionsRequest";
  static constexpr Versions complete = between(0, 0);
  static constexpr std::int16_t flexible_from = 0;
  static constexpr auto fields = std::tuple{
      field("topics", &DescribeTopicPartitionsRequest::topics, since(0)),
      field("response_partition_limit", &DescribeTopicPartitionsRequest::response_partition_limit, since(0)),
      field("cursor", &DescribeTopicPartitionsRequest::cursor, since(0), since(0)),
  };
};

struct DescribedTopicPartition {
  ErrorCode error_code = ErrorCode::none;
  std::int32_t partition_index = 0;
  std::int32_t leader_id = 0;
  std::int32_t leader_epoch = -1;
  std::vector<std::int32_t> replica_nodes;
  std::vector<std::int32_t> isr_nodes;
  std::optional<std::vector<std::int32_t>> eligible_leader_replicas;
  std::optional<std::vector<std::int32_t>> last_known_elr;
  std::vector<std::int32_t> offline_replicas;

  static constexpr auto fields = std::tuple{
      field("error_code", &DescribedTopicPartition::error_code, since(0)),
      field("partition_index", &DescribedTopicPartition::partition_index, since(0)),
      field("leader_id", &DescribedTopicPartition::leader_id, since(0)),
      field("leader_epoch", &DescribedTopicPartition::leader_epoch, since(0)),
      field("replica_nodes", &DescribedTopicPartition::replica_nodes, since(0)),
      field("isr_nodes", &DescribedTopicPartition::isr_nodes, since(0)),
      field("eligible_leader_replicas", &DescribedTopicPartition::eligible_leader_replicas, since(0), since(0)),
      field("last_known_elr", &DescribedTopicPartition::last_known_elr, since(0), since(0)),
      field("offline_replicas", &DescribedTopicPartition::offline_replicas, since(0)),
  };
};

struct DescribedTopic {
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> name;
  Uuid topic_id;
  bool is_internal = false;
  std::vector<DescribedTopicPartition> partitions;
  std::int32_t topic_authorized_operations = operations_not_asked;

  static constexpr auto fields = std::tuple{
      field("error_code", &DescribedTopic::error_code, since(0)),
      field("name", &DescribedTopic::name, since(0), since(0)),
      field("topic_id", &DescribedTopic::topic_id, since(0)),
      field("is_internal", &DescribedTopic::is_internal, since(0)),
      field("partitions", &DescribedTopic::partitions, since(0)),
      field("topic_authorized_operations", &DescribedTopic::topic_authorized_operations, since(0)),
  };
};

struct DescribeTopicPartitionsResponse {
  std::int32_t throttle_time_ms = 0;
  std::vector<DescribedTopic> topics;
  std::optional<TopicPartitionCursor> next_cursor;

  static constexpr const char* name = "DescribeTopicPartitionsResponse";
  static constexpr Versions complete = between(0, 0);
  static constexpr std::int16_t flexible_from = 0;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &DescribeTopicPartitionsResponse::throttle_time_ms, since(0)),
      field("topics", &DescribeTopicPartitionsResponse::topics, since(0)),
      field("next_cursor", &DescribeTopicPartitionsResponse::next_cursor, since(0), since(0)),
  };
};

} // namespace callboard::kafka
