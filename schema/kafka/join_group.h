#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/bytes.h"
#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

// A way to assign partitions that the member knows. The metadata is the client's own
// affair (consumers: their subscription). It is a slice of the frame and keeps all of it
// alive: who stores it copies it.
struct JoinGroupProtocol {
  std::string name;
  SharedBytes metadata;

  static constexpr auto fields = std::tuple{
      field("name", &JoinGroupProtocol::name, since(0)),
      field("metadata", &JoinGroupProtocol::metadata, since(0)),
  };
};

// Enters a group or its next generation. An empty member_id asks for one; from version 4
// a dynamic member gets it with MEMBER_ID_REQUIRED and joins again (KIP-394), a static one
// says its group_instance_id (KIP-345). rebalance_timeout_ms -1: the session timeout.
// Protocols stand in the member's order of preference.
struct JoinGroupRequest {
  std::string group_id;
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = -1;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::string protocol_type;
  std::vector<JoinGroupProtocol> protocols;
  std::optional<std::string> reason; // KIP-800, for people

  static constexpr const char* name = "JoinGroupRequest";
  static constexpr Versions complete = between(0, 9);
  static constexpr std::int16_t flexible_from = 6;
  static constexpr auto fields = std::tuple{
      field("group_id", &JoinGroupRequest::group_id, since(0)),
      field("session_timeout_ms", &JoinGroupRequest::session_timeout_ms, since(0)),
      field("rebalance_timeout_ms", &JoinGroupRequest::rebalance_timeout_ms, since(1)),
      field("member_id", &JoinGroupRequest::member_id, since(0)),
      field("group_instance_id", &JoinGroupRequest::group_instance_id, since(5), since(5)),
      field("protocol_type", &JoinGroupRequest::protocol_type, since(0)),
      field("protocols", &JoinGroupRequest::protocols, since(0)),
      field("reason", &JoinGroupRequest::reason, since(8), since(8)),
  };
};

// metadata is what the member sent for the protocol that was chosen.
struct JoinGroupMember {
  std::string member_id;
  std::optional<std::string> group_instance_id;
  SharedBytes metadata;

  static constexpr auto fields = std::tuple{
      field("member_id", &JoinGroupMember::member_id, since(0)),
      field("group_instance_id", &JoinGroupMember::group_instance_id, since(5), since(5)),
      field("metadata", &JoinGroupMember::metadata, since(0)),
  };
};

// Only the leader is told the members. skip_assignment: the leader keeps the assignment
// that the group has (KIP-814). With an error generation_id is -1 and the texts are empty,
// except member_id.
struct JoinGroupResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::int32_t generation_id = -1;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::string leader;
  bool skip_assignment = false;
  std::string member_id;
  std::vector<JoinGroupMember> members;

  static constexpr const char* name = "JoinGroupResponse";
  static constexpr Versions complete = between(0, 9);
  static constexpr std::int16_t flexible_from = 6;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &JoinGroupResponse::throttle_time_ms, since(2)),
      field("error_code", &JoinGroupResponse::error_code, since(0)),
      field("generation_id", &JoinGroupResponse::generation_id, since(0)),
      field("protocol_type", &JoinGroupResponse::protocol_type, since(7), since(7)),
      field("protocol_name", &JoinGroupResponse::protocol_name, since(0), since(7)),
      field("leader", &JoinGroupResponse::leader, since(0)),
      field("skip_assignment", &JoinGroupResponse::skip_assignment, since(9)),
      field("member_id", &JoinGroupResponse::member_id, since(0)),
      field("members", &JoinGroupResponse::members, since(0)),
  };
};

} // namespace callboard::kafka
