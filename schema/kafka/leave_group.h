#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

// A static member may be named by its instance id alone, with an empty member_id.
struct LeavingMember {
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::optional<std::string> reason; // KIP-800, for people

  static constexpr auto fields = std::tuple{
      field("member_id", &LeavingMember::member_id, since(3)),
      field("group_instance_id", &LeavingMember::group_instance_id, since(3), since(3)),
      field("reason", &LeavingMember::reason, since(5), since(5)),
  };
};

// One member_id up to version 2, several members from version 3 (KIP-345).
struct LeaveGroupRequest {
  std::string group_id;
  std::string member_id;
  std::vector<LeavingMember> members;

  static constexpr const char* name = "LeaveGroupRequest";
  static constexpr Versions complete = between(0, 5);
  static constexpr std::int16_t flexible_from = 4;
  static constexpr auto fields = std::tuple{
      field("group_id", &LeaveGroupRequest::group_id, since(0)),
      field("member_id", &LeaveGroupRequest::member_id, between(0, 2)),
      field("members", &LeaveGroupRequest::members, since(3)),
  };
};

struct LeftMember {
  std::string member_id;
  std::optional<std::string> group_instance_id;
  ErrorCode error_code = ErrorCode::none;

  static constexpr auto fields = std::tuple{
      field("member_id", &LeftMember::member_id, since(3)),
      field("group_instance_id", &LeftMember::group_instance_id, since(3), since(3)),
      field("error_code", &LeftMember::error_code, since(3)),
  };
};

// Up to version 2 error_code is the one member's.
struct LeaveGroupResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::vector<LeftMember> members;

  static constexpr const char* name = "LeaveGroupResponse";
  static constexpr Versions complete = between(0, 5);
  static constexpr std::int16_t flexible_from = 4;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &LeaveGroupResponse::throttle_time_ms, since(1)),
      field("error_code", &LeaveGroupResponse::error_code, since(0)),
      field("members", &LeaveGroupResponse::members, since(3)),
  };
};

} // namespace callboard::kafka
