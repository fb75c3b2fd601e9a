#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

// KIP-455. The nodes that get the partition, the preferred leader first; absent: back to
// those it has now.
struct AlterReassignmentsPartition {
  std::int32_t partition_index = 0;
  std::optional<std::vector<std::int32_t>> replicas;

  static constexpr auto fields = std::tuple{
      field("partition_index", &AlterReassignmentsPartition::partition_index, since(0)),
      field("replicas", &AlterReassignmentsPartition::replicas, since(0), since(0)),
  };
};

struct AlterReassignmentsTopic {
  std::string name;
  std::vector<AlterReassignmentsPartition> partitions;

  static constexpr auto fields = std::tuple{
      field("name", &AlterReassignmentsTopic::name, since(0)),
      field("partitions", &AlterReassignmentsTopic::partitions, since(0)),
  };
};

struct AlterPartitionReassignmentsRequest {
  std::int32_t timeout_ms = 60'000;
  bool allow_replication_factor_change = true;
  std::vector<AlterReassignmentsTopic> topics;

  static constexpr const char* name = "AlterPartitionReassignmentsRequest";
  static constexpr Versions complete = between(0, 1);
  static constexpr std::int16_t flexible_from = 0;
  static constexpr auto fields = std::tuple{
      field("timeout_ms", &AlterPartitionReassignmentsRequest::timeout_ms, since(0)),
      field("allow_replication_factor_change", &AlterPartitionReassignmentsRequest::allow_replication_factor_change,
            since(1)),
      field("topics", &AlterPartitionReassignmentsRequest::topics, since(0)),
  };
};

struct AlterReassignmentsPartitionResult {
  std::int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;

  static constexpr auto fields = std::tuple{
      field("partition_index", &AlterReassignmentsPartitionResult::partition_index, since(0)),
      field("error_code", &AlterReassignmentsPartitionResult::error_code, since(0)),
      field("error_message", &AlterReassignmentsPartitionResult::error_message, since(0), since(0)),
  };
};

struct AlterReassignmentsTopicResult {
  std::string name;
  std::vector<AlterReassignmentsPartitionResult> partitions;

  static constexpr auto fields = std::tuple{
      field("name", &AlterReassignmentsTopicResult::name, since(0)),
      field("partitions", &AlterReassignmentsTopicResult::partitions, since(0)),
  };
};

struct AlterPartitionReassignmentsResponse {
  std::int32_t throttle_time_ms = 0;
  bool allow_replication_factor_change = true;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;
  std::vector<AlterReassignmentsTopicResult> responses;

  static constexpr const char* name = "AlterPartitionReassignmentsResponse";
  static constexpr Versions complete = between(0, 1);
  static constexpr std::int16_t flexible_from = 0;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &AlterPartitionReassignmentsResponse::throttle_time_ms, since(0)),
      field("allow_replication_factor_change", &AlterPartitionReassignmentsResponse::allow_replication_factor_change,
            since(1)),
      field("error_code", &AlterPartitionReassignmentsResponse::error_code, since(0)),
      field("error_message", &AlterPartitionReassignmentsResponse::error_message, since(0), since(0)),
      field("responses", &AlterPartitionReassignmentsResponse::responses, since(0)),
  };
};

} // namespace callboard::kafka
