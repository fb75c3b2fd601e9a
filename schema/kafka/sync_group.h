#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/bytes.h"
#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

// What the leader gives a member: the client's own affair. A slice of the frame that keeps
// all of it alive: who stores it copies it.
struct SyncGroupAssignment {
  std::string member_id;
  SharedBytes assignment;

  static constexpr auto fields = std::tuple{
      field("member_id", &SyncGroupAssignment::member_id, since(0)),
      field("assignment", &SyncGroupAssignment::assignment, since(0)),
  };
};

// Ends a rebalance: the leader hands in the assignments, the others wait for theirs.
// protocol_type and protocol_name must be the group's if they are given (KIP-559).
struct SyncGroupRequest {
  std::string group_id;
  std::int32_t generation_id = 0;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::vector<SyncGroupAssignment> assignments;

  static constexpr const char* name = "SyncGroupRequest";
  static constexpr Versions complete = between(0, 5);
  static constexpr std::int16_t flexible_from = 4;
  static constexpr auto fields = std::tuple{
      field("group_id", &SyncGroupRequest::group_id, since(0)),
      field("generation_id", &SyncGroupRequest::generation_id, since(0)),
      field("member_id", &SyncGroupRequest::member_id, since(0)),
      field("group_instance_id", &SyncGroupRequest::group_instance_id, since(3), since(3)),
      field("protocol_type", &SyncGroupRequest::protocol_type, since(5), since(5)),
      field("protocol_name", &SyncGroupRequest::protocol_name, since(5), since(5)),
      field("assignments", &SyncGroupRequest::assignments, since(0)),
  };
};

struct SyncGroupResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  SharedBytes assignment;

  static constexpr const char* name = "SyncGroupResponse";
  static constexpr Versions complete = between(0, 5);
  static constexpr std::int16_t flexible_from = 4;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &SyncGroupResponse::throttle_time_ms, since(1)),
      field("error_code", &SyncGroupResponse::error_code, since(0)),
      field("protocol_type", &SyncGroupResponse::protocol_type, since(5), since(5)),
      field("protocol_name", &SyncGroupResponse::protocol_name, since(5), since(5)),
      field("assignment", &SyncGroupResponse::assignment, since(0)),
  };
};

} // namespace callboard::kafka
