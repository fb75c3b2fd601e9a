#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

// current_leader_epoch is what the client knows of the leader, -1 for nothing; leader_epoch
// is the one whose end it wants to know.
struct OffsetForLeaderPartition {
  std::int32_t partition = 0;
  std::int32_t current_leader_epoch = -1;
  std::int32_t leader_epoch = 0;

  static constexpr auto fields = std::tuple{
      field("partition", &OffsetForLeaderPartition::partition, since(0)),
      field("current_leader_epoch", &OffsetForLeaderPartition::current_leader_epoch, since(2)),
      field("leader_epoch", &OffsetForLeaderPartition::leader_epoch, since(0)),
  };
};

struct OffsetForLeaderTopic {
  std::string topic;
  std::vector<OffsetForLeaderPartition> partitions;

  static constexpr auto fields = std::tuple{
      field("topic", &OffsetForLeaderTopic::topic, since(0)),
      field("partitions", &OffsetForLeaderTopic::partitions, since(0)),
  };
};

// Where the records of a leader epoch end, by which a consumer finds out after a change of
// leader whether what it read still stands (KIP-320). replica_id is -1 for consumers.
struct OffsetForLeaderEpochRequest {
  std::int32_t replica_id = -2;
  std::vector<OffsetForLeaderTopic> topics;

  static constexpr const char* name = "OffsetForLeaderEpochRequest";
  static constexpr Versions complete = between(0, 4);
  static constexpr std::int16_t flexible_from = 4;
  static constexpr auto fields = std::tuple{
      field("replica_id", &OffsetForLeaderEpochRequest::replica_id, since(3)),
      field("topics", &OffsetForLeaderEpochRequest::topics, since(0)),
  };
};

// leader_epoch is the largest one not above the one asked for, end_offset where it ends;
// both -1 if there is none.
struct OffsetForLeaderPartitionResponse {
  ErrorCode error_code = ErrorCode::none;
  std::int32_t partition = 0;
  std::int32_t leader_epoch = -1;
  std::int64_t end_offset = -1;

  static constexpr auto fields = std::tuple{
      field("error_code", &OffsetForLeaderPartitionResponse::error_code, since(0)),
      field("partition", &OffsetForLeaderPartitionResponse::partition, since(0)),
      field("leader_epoch", &OffsetForLeaderPartitionResponse::leader_epoch, since(1)),
      field("end_offset", &OffsetForLeaderPartitionResponse::end_offset, since(0)),
  };
};

struct OffsetForLeaderTopicResponse {
  std::string topic;
  std::vector<OffsetForLeaderPartitionResponse> partitions;

  static constexpr auto fields = std::tuple{
      field("topic", &OffsetForLeaderTopicResponse::topic, since(0)),
      field("partitions", &OffsetForLeaderTopicResponse::partitions, since(0)),
  };
};

struct OffsetForLeaderEpochResponse {
  std::int32_t throttle_time_ms = 0;
  std::vector<OffsetForLeaderTopicResponse> topics;

  static constexpr const char* name = "OffsetForLeaderEpochResponse";
  static constexpr Versions complete = between(0, 4);
  static constexpr std::int16_t flexible_from = 4;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &OffsetForLeaderEpochResponse::throttle_time_ms, since(2)),
      field("topics", &OffsetForLeaderEpochResponse::topics, since(0)),
  };
};

} // namespace callboard::kafka
