#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

// Timestamps that ask for a position instead of a time.
inline constexpr std::int64_t latest_timestamp = -1;
inline constexpr std::int64_t earliest_timestamp = -2;
inline constexpr std::int64_t max_timestamp = -3;            // of the record with the largest timestamp, from version 7
inline constexpr std::int64_t earliest_local_timestamp = -4; // from version 8
inline constexpr std::int64_t latest_tiered_timestamp = -5;  // from version 9

struct ListOffsetsPartition {
  std::int32_t partition_index = 0;
  std::int32_t current_leader_epoch = -1;
  std::int64_t timestamp = 0;

  static constexpr auto fields = std::tuple{
      field("partition_index", &ListOffsetsPartition::partition_index, since(0)),
      field("current_leader_epoch", &ListOffsetsPartition::current_leader_epoch, since(4)),
      field("timestamp", &ListOffsetsPartition::timestamp, since(0)),
  };
};

struct ListOffsetsTopic {
  std::string name;
  std::vector<ListOffsetsPartition> partitions;

  static constexpr auto fields = std::tuple{
      field("name", &ListOffsetsTopic::name, since(0)),
      field("partitions", &ListOffsetsTopic::partitions, since(0)),
  };
};

// The offset of the first record at or after a time, or one of the special timestamps
// above.
struct ListOffsetsRequest {
  std::int32_t replica_id = 0;
  std::int8_t isolation_level = 0;
  std::vector<ListOffsetsTopic> topics;
  std::int32_t timeout_ms = 0; // for what lies in remote storage

  static constexpr const char* name = "ListOffsetsRequest";
  static constexpr Versions complete = between(1, 10);
  static constexpr std::int16_t flexible_from = 6;
  static constexpr auto fields = std::tuple{
      field("replica_id", &ListOffsetsRequest::replica_id, since(0)),
      field("isolation_level", &ListOffsetsRequest::isolation_level, since(2)),
      field("topics", &ListOffsetsRequest::topics, since(0)),
      field("timeout_ms", &ListOffsetsRequest::timeout_ms, since(10)),
  };
};

// offset -1 and timestamp -1: no such record.
struct ListOffsetsPartitionResponse {
  std::int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::none;
  std::int64_t timestamp = -1;
  std::int64_t offset = -1;
  std::int32_t leader_epoch = -1;

  static constexpr auto fields = std::tuple{
      field("partition_index", &ListOffsetsPartitionResponse::partition_index, since(0)),
      field("error_code", &ListOffsetsPartitionResponse::error_code, since(0)),
      field("timestamp", &ListOffsetsPartitionResponse::timestamp, since(1)),
      field("offset", &ListOffsetsPartitionResponse::offset, since(1)),
      field("leader_epoch", &ListOffsetsPartitionResponse::leader_epoch, since(4)),
  };
};

struct ListOffsetsTopicResponse {
  std::string name;
  std::vector<ListOffsetsPartitionResponse> partitions;

  static constexpr auto fields = std::tuple{
      field("name", &ListOffsetsTopicResponse::name, since(0)),
      field("partitions", &ListOffsetsTopicResponse::partitions, since(0)),
  };
};

struct ListOffsetsResponse {
  std::int32_t throttle_time_ms = 0;
  std::vector<ListOffsetsTopicResponse> topics;

  static constexpr const char* name = "ListOffsetsResponse";
  static constexpr Versions complete = between(1, 10);
  static constexpr std::int16_t flexible_from = 6;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &ListOffsetsResponse::throttle_time_ms, since(2)),
      field("topics", &ListOffsetsResponse::topics, since(0)),
  };
};

} // namespace callboard::kafka
