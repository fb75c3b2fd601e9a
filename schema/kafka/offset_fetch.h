#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

struct OffsetFetchTopic {
  std::string name;
  std::vector<std::int32_t> partition_indexes;

  static constexpr auto fields = std::tuple{
      field("name", &OffsetFetchTopic::name, since(0)),
      field("partition_indexes", &OffsetFetchTopic::partition_indexes, since(0)),
  };
};

// Absent topics ask for all that the group has committed. Member id and epoch belong to
// KIP-848; a classic member leaves them out.
struct OffsetFetchGroup {
  std::string group_id;
  std::optional<std::string> member_id;
  std::int32_t member_epoch = -1;
  std::optional<std::vector<OffsetFetchTopic>> topics;

  static constexpr auto fields = std::tuple{
      field("group_id", &OffsetFetchGroup::group_id, since(8)),
      field("member_id", &OffsetFetchGroup::member_id, since(9), since(9)),
      field("member_epoch", &OffsetFetchGroup::member_epoch, since(9)),
      field("topics", &OffsetFetchGroup::topics, since(8), since(8)),
  };
};

// One group up to version 7, several from version 8 (KIP-709). require_stable: an offset
// with a transaction pending is answered with UNSTABLE_OFFSET_COMMIT (KIP-447).
struct OffsetFetchRequest {
  std::string group_id;
  std::optional<std::vector<OffsetFetchTopic>> topics;
  std::vector<OffsetFetchGroup> groups;
  bool require_stable = false;

  static constexpr const char* name = "OffsetFetchRequest";
  static constexpr Versions complete = between(1, 9);
  static constexpr std::int16_t flexible_from = 6;
  static constexpr auto fields = std::tuple{
      field("group_id", &OffsetFetchRequest::group_id, between(0, 7)),
      field("topics", &OffsetFetchRequest::topics, between(0, 7), between(2, 7)),
      field("groups", &OffsetFetchRequest::groups, since(8)),
      field("require_stable", &OffsetFetchRequest::require_stable, since(7)),
  };
};

// committed_offset -1 without an error: nothing committed.
struct OffsetFetchPartitionResponse {
  std::int32_t partition_index = 0;
  std::int64_t committed_offset = -1;
  std::int32_t committed_leader_epoch = -1;
  std::optional<std::string> metadata;
  ErrorCode error_code = ErrorCode::none;

  static constexpr auto fields = std::tuple{
      field("partition_index", &OffsetFetchPartitionResponse::partition_index, since(0)),
      field("committed_offset", &OffsetFetchPartitionResponse::committed_offset, since(0)),
      field("committed_leader_epoch", &OffsetFetchPartitionResponse::committed_leader_epoch, since(5)),
      field("metadata", &OffsetFetchPartitionResponse::metadata, since(0), since(0)),
      field("error_code", &OffsetFetchPartitionResponse::error_code, since(0)),
  };
};

struct OffsetFetchTopicResponse {
  std::string name;
  std::vector<OffsetFetchPartitionResponse> partitions;

  static constexpr auto fields = std::tuple{
      field("name", &OffsetFetchTopicResponse::name, since(0)),
      field("partitions", &OffsetFetchTopicResponse::partitions, since(0)),
  };
};

struct OffsetFetchGroupResponse {
  std::string group_id;
  std::vector<OffsetFetchTopicResponse> topics;
  ErrorCode error_code = ErrorCode::none;

  static constexpr auto fields = std::tuple{
      field("group_id", &OffsetFetchGroupResponse::group_id, since(8)),
      field("topics", &OffsetFetchGroupResponse::topics, since(8)),
      field("error_code", &OffsetFetchGroupResponse::error_code, since(8)),
  };
};

// error_code is the group's, in versions 2 to 7; version 1 says it at every partition.
struct OffsetFetchResponse {
  std::int32_t throttle_time_ms = 0;
  std::vector<OffsetFetchTopicResponse> topics;
  ErrorCode error_code = ErrorCode::none;
  std::vector<OffsetFetchGroupResponse> groups;

  static constexpr const char* name = "OffsetFetchResponse";
  static constexpr Versions complete = between(1, 9);
  static constexpr std::int16_t flexible_from = 6;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &OffsetFetchResponse::throttle_time_ms, since(3)),
      field("topics", &OffsetFetchResponse::topics, between(0, 7)),
      field("error_code", &OffsetFetchResponse::error_code, between(2, 7)),
      field("groups", &OffsetFetchResponse::groups, since(8)),
  };
};

} // namespace callboard::kafka
