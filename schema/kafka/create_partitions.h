#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

// The replicas of one new partition, the first one leads.
struct CreatePartitionsAssignment {
  std::vector<std::int32_t> broker_ids;

  static constexpr auto fields = std::tuple{
      field("broker_ids", &CreatePartitionsAssignment::broker_ids, since(0)),
  };
};

// `count` is the number of partitions that the topic is to have. Absent assignments: the
// broker places the new ones; else one for each of them.
struct CreatePartitionsTopic {
  std::string name;
  std::int32_t count = 0;
  std::optional<std::vector<CreatePartitionsAssignment>> assignments;

  static constexpr auto fields = std::tuple{
      field("name", &CreatePartitionsTopic::name, since(0)),
      field("count", &CreatePartitionsTopic::count, since(0)),
      field("assignments", &CreatePartitionsTopic::assignments, since(0), since(0)),
  };
};

struct CreatePartitionsRequest {
  std::vector<CreatePartitionsTopic> topics;
  std::int32_t timeout_ms = 0;
  bool validate_only = false;

  static constexpr const char* name = "CreatePartitionsRequest";
  static constexpr Versions complete = between(0, 3);
  static constexpr std::int16_t flexible_from = 2;
  static constexpr auto fields = std::tuple{
      field("topics", &CreatePartitionsRequest::topics, since(0)),
      field("timeout_ms", &CreatePartitionsRequest::timeout_ms, since(0)),
      field("validate_only", &CreatePartitionsRequest::validate_only, since(0)),
  };
};

struct CreatePartitionsTopicResult {
  std::string name;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;

  static constexpr auto fields = std::tuple{
      field("name", &CreatePartitionsTopicResult::name, since(0)),
      field("error_code", &CreatePartitionsTopicResult::error_code, since(0)),
      field("error_message", &CreatePartitionsTopicResult::error_message, since(0), since(0)),
  };
};

struct CreatePartitionsResponse {
  std::int32_t throttle_time_ms = 0;
  std::vector<CreatePartitionsTopicResult> results;

  static constexpr const char* name = "CreatePartitionsResponse";
  static constexpr Versions complete = between(0, 3);
  static constexpr std::int16_t flexible_from = 2;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &CreatePartitionsResponse::throttle_time_ms, since(0)),
      field("results", &CreatePartitionsResponse::results, since(0)),
  };
};

} // namespace callboard::kafka
