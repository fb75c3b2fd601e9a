#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

inline constexpr std::int8_t election_preferred = 0;
inline constexpr std::int8_t election_unclean = 1;

struct ElectLeadersTopic {
  std::string topic;
  std::vector<std::int32_t> partitions;

  static constexpr auto fields = std::tuple{
      field("topic", &ElectLeadersTopic::topic, since(0)),
      field("partitions", &ElectLeadersTopic::partitions, since(0)),
  };
};

// Absent partitions: all that another replica than the preferred one leads.
struct ElectLeadersRequest {
  std::int8_t election_type = election_preferred;
  std::optional<std::vector<ElectLeadersTopic>> topic_partitions;
  std::int32_t timeout_ms = 60'000;

  static constexpr const char* name = "ElectLeadersRequest";
  static constexpr Versions complete = between(0, 2);
  static constexpr std::int16_t flexible_from = 2;
  static constexpr auto fields = std::tuple{
      field("election_type", &ElectLeadersRequest::election_type, since(1)),
      field("topic_partitions", &ElectLeadersRequest::topic_partitions, since(0), since(0)),
      field("timeout_ms", &ElectLeadersRequest::timeout_ms, since(0)),
  };
};

struct ElectLeadersPartitionResult {
  std::int32_t partition_id = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;

  static constexpr auto fields = std::tuple{
      field("partition_id", &ElectLeadersPartitionResult::partition_id, since(0)),
      field("error_code", &ElectLeadersPartitionResult::error_code, since(0)),
      field("error_message", &ElectLeadersPartitionResult::error_message, since(0), since(0)),
  };
};

struct ElectLeadersTopicResult {
  std::string topic;
  std::vector<ElectLeadersPartitionResult> partition_result;

  static constexpr auto fields = std::tuple{
      field("topic", &ElectLeadersTopicResult::topic, since(0)),
      field("partition_result", &ElectLeadersTopicResult::partition_result, since(0)),
  };
};

struct ElectLeadersResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::vector<ElectLeadersTopicResult> replica_election_results;

  static constexpr const char* name = "ElectLeadersResponse";
  static constexpr Versions complete = between(0, 2);
  static constexpr std::int16_t flexible_from = 2;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &ElectLeadersResponse::throttle_time_ms, since(0)),
      field("error_code", &ElectLeadersResponse::error_code, since(1)),
      field("replica_election_results", &ElectLeadersResponse::replica_election_results, since(0)),
  };
};

} // namespace callboard::kafka
