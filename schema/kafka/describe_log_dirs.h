#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

struct DescribableLogDirTopic {
  std::string topic;
  std::vector<std::int32_t> partitions;

  static constexpr auto fields = std::tuple{
      field("topic", &DescribableLogDirTopic::topic, since(0)),
      field("partitions", &DescribableLogDirTopic::partitions, since(0)),
  };
};

// Absent topics ask for all.
struct DescribeLogDirsRequest {
  std::optional<std::vector<DescribableLogDirTopic>> topics;

  static constexpr const char* name = "DescribeLogDirsRequest";
  static constexpr Versions complete = between(1, 4);
  static constexpr std::int16_t flexible_from = 2;
  static constexpr auto fields = std::tuple{
      field("topics", &DescribeLogDirsRequest::topics, since(0), since(0)),
  };
};

// offset_lag: records that the leader has not committed yet. is_future_key: a copy that is
// being moved between directories, which does not exist here.
struct DescribeLogDirsPartition {
  std::int32_t partition_index = 0;
  std::int64_t partition_size = 0;
  std::int64_t offset_lag = 0;
  bool is_future_key = false;

  static constexpr auto fields = std::tuple{
      field("partition_index", &DescribeLogDirsPartition::partition_index, since(0)),
      field("partition_size", &DescribeLogDirsPartition::partition_size, since(0)),
      field("offset_lag", &DescribeLogDirsPartition::offset_lag, since(0)),
      field("is_future_key", &DescribeLogDirsPartition::is_future_key, since(0)),
  };
};

struct DescribeLogDirsTopic {
  std::string name;
  std::vector<DescribeLogDirsPartition> partitions;

  static constexpr auto fields = std::tuple{
      field("name", &DescribeLogDirsTopic::name, since(0)),
      field("partitions", &DescribeLogDirsTopic::partitions, since(0)),
  };
};

// Of the volume that holds the directory: total_bytes and usable_bytes, -1 if unknown.
struct DescribeLogDirsResult {
  ErrorCode error_code = ErrorCode::none;
  std::string log_dir;
  std::vector<DescribeLogDirsTopic> topics;
  std::int64_t total_bytes = -1;
  std::int64_t usable_bytes = -1;

  static constexpr auto fields = std::tuple{
      field("error_code", &DescribeLogDirsResult::error_code, since(0)),
      field("log_dir", &DescribeLogDirsResult::log_dir, since(0)),
      field("topics", &DescribeLogDirsResult::topics, since(0)),
      field("total_bytes", &DescribeLogDirsResult::total_bytes, since(4)),
      field("usable_bytes", &DescribeLogDirsResult::usable_bytes, since(4)),
  };
};

struct DescribeLogDirsResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::vector<DescribeLogDirsResult> results;

  static constexpr const char* name = "DescribeLogDirsResponse";
  static constexpr Versions complete = between(1, 4);
  static constexpr std::int16_t flexible_from = 2;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &DescribeLogDirsResponse::throttle_time_ms, since(0)),
      field("error_code", &DescribeLogDirsResponse::error_code, since(3)),
      field("results", &DescribeLogDirsResponse::results, since(0)),
  };
};

} // namespace callboard::kafka
