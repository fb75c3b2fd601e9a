#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

struct ListReassignmentsTopic {
  std::string name;
  std::vector<std::int32_t> partition_indexes;

  static constexpr auto fields = std::tuple{
      field("name", &ListReassignmentsTopic::name, since(0)),
      field("partition_indexes", &ListReassignmentsTopic::partition_indexes, since(0)),
  };
};

// Absent topics: all that move.
struct ListPartitionReassignmentsRequest {
  std::int32_t timeout_ms = 60'000;
  std::optional<std::vector<ListReassignmentsTopic>> topics;

  static constexpr const char* name = "ListPartitionReassignmentsRequest";
  static constexpr Versions complete = between(0, 0);
  static constexpr std::int16_t flexible_from = 0;
  static constexpr auto fields = std::tuple{
      field("timeout_ms", &ListPartitionReassignmentsRequest::timeout_ms, since(0)),
      field("topics", &ListPartitionReassignmentsRequest::topics, since(0), since(0)),
  };
};

// `replicas`: those it has and those that are added.
struct OngoingReassignment {
  std::int32_t partition_index = 0;
  std::vector<std::int32_t> replicas;
  std::vector<std::int32_t> adding_replicas;
  std::vector<std::int32_t> removing_replicas;

  static constexpr auto fields = std::tuple{
      field("partition_index", &OngoingReassignment::partition_index, since(0)),
      field("replicas", &OngoingReassignment::replicas, since(0)),
      field("adding_replicas", &OngoingReassignment::adding_replicas, since(0)),
      field("removing_replicas", &OngoingReassignment::removing_replicas, since(0)),
  };
};

struct OngoingTopicReassignment {
  std::string name;
  std::vector<OngoingReassignment> partitions;

  static constexpr auto fields = std::tuple{
      field("name", &OngoingTopicReassignment::name, since(0)),
      field("partitions", &OngoingTopicReassignment::partitions, since(0)),
  };
};

struct ListPartitionReassignmentsResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;
  std::vector<OngoingTopicReassignment> topics;

  static constexpr const char* name = "ListPartitionReassignmentsResponse";
  static constexpr Versions complete = between(0, 0);
  static constexpr std::int16_t flexible_from = 0;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &ListPartitionReassignmentsResponse::throttle_time_ms, since(0)),
      field("error_code", &ListPartitionReassignmentsResponse::error_code, since(0)),
      field("error_message", &ListPartitionReassignmentsResponse::error_message, since(0), since(0)),
      field("topics", &ListPartitionReassignmentsResponse::topics, since(0)),
  };
};

} // namespace callboard::kafka
