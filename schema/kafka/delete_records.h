#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

// Records below `offset` go; -1: all below the high watermark.
struct DeleteRecordsPartition {
  std::int32_t partition_index = 0;
  std::int64_t offset = 0;

  static constexpr auto fields = std::tuple{
      field("partition_index", &DeleteRecordsPartition::partition_index, since(0)),
      field("offset", &DeleteRecordsPartition::offset, since(0)),
  };
};

struct DeleteRecordsTopic {
  std::string name;
  std::vector<DeleteRecordsPartition> partitions;

  static constexpr auto fields = std::tuple{
      field("name", &DeleteRecordsTopic::name, since(0)),
      field("partitions", &DeleteRecordsTopic::partitions, since(0)),
  };
};

struct DeleteRecordsRequest {
  std::vector<DeleteRecordsTopic> topics;
  std::int32_t timeout_ms = 0;

  static constexpr const char* name = "DeleteRecordsRequest";
  static constexpr Versions complete = between(0, 2);
  static constexpr std::int16_t flexible_from = 2;
  static constexpr auto fields = std::tuple{
      field("topics", &DeleteRecordsRequest::topics, since(0)),
      field("timeout_ms", &DeleteRecordsRequest::timeout_ms, since(0)),
  };
};

// low_watermark: where the log starts now.
struct DeleteRecordsPartitionResult {
  std::int32_t partition_index = 0;
  std::int64_t low_watermark = -1;
  ErrorCode error_code = ErrorCode::none;

  static constexpr auto fields = std::tuple{
      field("partition_index", &DeleteRecordsPartitionResult::partition_index, since(0)),
      field("low_watermark", &DeleteRecordsPartitionResult::low_watermark, since(0)),
      field("error_code", &DeleteRecordsPartitionResult::error_code, since(0)),
  };
};

struct DeleteRecordsTopicResult {
  std::string name;
  std::vector<DeleteRecordsPartitionResult> partitions;

  static constexpr auto fields = std::tuple{
      field("name", &DeleteRecordsTopicResult::name, since(0)),
      field("partitions", &DeleteRecordsTopicResult::partitions, since(0)),
  };
};

struct DeleteRecordsResponse {
  std::int32_t throttle_time_ms = 0;
  std::vector<DeleteRecordsTopicResult> topics;

  static constexpr const char* name = "DeleteRecordsResponse";
  static constexpr Versions complete = between(0, 2);
  static constexpr std::int16_t flexible_from = 2;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &DeleteRecordsResponse::throttle_time_ms, since(0)),
      field("topics", &DeleteRecordsResponse::topics, since(0)),
  };
};

} // namespace callboard::kafka
