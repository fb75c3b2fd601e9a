#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

// commit_timestamp_ms exists in version 1 alone; the broker's clock decides since.
struct OffsetCommitPartition {
  std::int32_t partition_index = 0;
  std::int64_t committed_offset = 0;
  std::int32_t committed_leader_epoch = -1;
  std::int64_t commit_timestamp_ms = -1;
  std::optional<std::string> committed_metadata;

  static constexpr auto fields = std::tuple{
      field("partition_index", &OffsetCommitPartition::partition_index, since(0)),
      field("committed_offset", &OffsetCommitPartition::committed_offset, since(0)),
      field("committed_leader_epoch", &OffsetCommitPartition::committed_leader_epoch, since(6)),
      field("commit_timestamp_ms", &OffsetCommitPartition::commit_timestamp_ms, between(1, 1)),
      field("committed_metadata", &OffsetCommitPartition::committed_metadata, since(0), since(0)),
  };
};

struct OffsetCommitTopic {
  std::string name;
  std::vector<OffsetCommitPartition> partitions;

  static constexpr auto fields = std::tuple{
      field("name", &OffsetCommitTopic::name, since(0)),
      field("partitions", &OffsetCommitTopic::partitions, since(0)),
  };
};

// generation_id -1 and an empty member_id: a consumer that is in no group protocol and only
// keeps its offsets here. From version 9 generation_id may be a member epoch (KIP-848).
struct OffsetCommitRequest {
  std::string group_id;
  std::int32_t generation_id = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::int64_t retention_time_ms = -1; // versions 2 to 4
  std::vector<OffsetCommitTopic> topics;

  static constexpr const char* name = "OffsetCommitRequest";
  static constexpr Versions complete = between(1, 9);
  static constexpr std::int16_t flexible_from = 8;
  static constexpr auto fields = std::tuple{
      field("group_id", &OffsetCommitRequest::group_id, since(0)),
      field("generation_id", &OffsetCommitRequest::generation_id, since(1)),
      field("member_id", &OffsetCommitRequest::member_id, since(1)),
      field("group_instance_id", &OffsetCommitRequest::group_instance_id, since(7), since(7)),
      field("retention_time_ms", &OffsetCommitRequest::retention_time_ms, between(2, 4)),
      field("topics", &OffsetCommitRequest::topics, since(0)),
  };
};

struct OffsetCommitPartitionResponse {
  std::int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::none;

  static constexpr auto fields = std::tuple{
      field("partition_index", &OffsetCommitPartitionResponse::partition_index, since(0)),
      field("error_code", &OffsetCommitPartitionResponse::error_code, since(0)),
  };
};

struct OffsetCommitTopicResponse {
  std::string name;
  std::vector<OffsetCommitPartitionResponse> partitions;

  static constexpr auto fields = std::tuple{
      field("name", &OffsetCommitTopicResponse::name, since(0)),
      field("partitions", &OffsetCommitTopicResponse::partitions, since(0)),
  };
};

// An error of the whole request stands at every partition.
struct OffsetCommitResponse {
  std::int32_t throttle_time_ms = 0;
  std::vector<OffsetCommitTopicResponse> topics;

  static constexpr const char* name = "OffsetCommitResponse";
  static constexpr Versions complete = between(1, 9);
  static constexpr std::int16_t flexible_from = 8;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &OffsetCommitResponse::throttle_time_ms, since(3)),
      field("topics", &OffsetCommitResponse::topics, since(0)),
  };
};

} // namespace callboard::kafka
