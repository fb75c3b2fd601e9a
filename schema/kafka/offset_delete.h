#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

struct OffsetDeletePartition {
  std::int32_t partition_index = 0;

  static constexpr auto fields = std::tuple{
      field("partition_index", &OffsetDeletePartition::partition_index, since(0)),
  };
};

struct OffsetDeleteTopic {
  std::string name;
  std::vector<OffsetDeletePartition> partitions;

  static constexpr auto fields = std::tuple{
      field("name", &OffsetDeleteTopic::name, since(0)),
      field("partitions", &OffsetDeleteTopic::partitions, since(0)),
  };
};

// Forgets committed offsets (KIP-496). Its one version is not compact.
struct OffsetDeleteRequest {
  std::string group_id;
  std::vector<OffsetDeleteTopic> topics;

  static constexpr const char* name = "OffsetDeleteRequest";
  static constexpr Versions complete = between(0, 0);
  static constexpr std::int16_t flexible_from = std::numeric_limits<std::int16_t>::max();
  static constexpr auto fields = std::tuple{
      field("group_id", &OffsetDeleteRequest::group_id, since(0)),
      field("topics", &OffsetDeleteRequest::topics, since(0)),
  };
};

struct OffsetDeletePartitionResponse {
  std::int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::none;

  static constexpr auto fields = std::tuple{
      field("partition_index", &OffsetDeletePartitionResponse::partition_index, since(0)),
      field("error_code", &OffsetDeletePartitionResponse::error_code, since(0)),
  };
};

struct OffsetDeleteTopicResponse {
  std::string name;
  std::vector<OffsetDeletePartitionResponse> partitions;

  static constexpr auto fields = std::tuple{
      field("name", &OffsetDeleteTopicResponse::name, since(0)),
      field("partitions", &OffsetDeleteTopicResponse::partitions, since(0)),
  };
};

// With an error of the group no topics follow.
struct OffsetDeleteResponse {
  ErrorCode error_code = ErrorCode::none;
  std::int32_t throttle_time_ms = 0;
  std::vector<OffsetDeleteTopicResponse> topics;

  static constexpr const char* name = "OffsetDeleteResponse";
  static constexpr Versions complete = between(0, 0);
  static constexpr std::int16_t flexible_from = std::numeric_limits<std::int16_t>::max();
  static constexpr auto fields = std::tuple{
      field("error_code", &OffsetDeleteResponse::error_code, since(0)),
      field("throttle_time_ms", &OffsetDeleteResponse::throttle_time_ms, since(0)),
      field("topics", &OffsetDeleteResponse::topics, since(0)),
  };
};

} // namespace callboard::kafka
