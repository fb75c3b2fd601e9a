#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "schema/bytes.h"
#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

struct DescribeGroupsRequest {
  std::vector<std::string> groups;
  bool include_authorized_operations = false;

  static constexpr const char* name = "DescribeGroupsRequest";
  static constexpr Versions complete = between(0, 6);
  static constexpr std::int16_t flexible_from = 5;
  static constexpr auto fields = std::tuple{
      field("groups", &DescribeGroupsRequest::groups, since(0)),
      field("include_authorized_operations", &DescribeGroupsRequest::include_authorized_operations, since(3)),
  };
};

// member_metadata and member_assignment are empty unless the group is Stable.
struct DescribedGroupMember {
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::string client_id;
  std::string client_host;
  SharedBytes member_metadata;
  SharedBytes member_assignment;

  static constexpr auto fields = std::tuple{
      field("member_id", &DescribedGroupMember::member_id, since(0)),
      field("group_instance_id", &DescribedGroupMember::group_instance_id, since(4), since(4)),
      field("client_id", &DescribedGroupMember::client_id, since(0)),
      field("client_host", &DescribedGroupMember::client_host, since(0)),
      field("member_metadata", &DescribedGroupMember::member_metadata, since(0)),
      field("member_assignment", &DescribedGroupMember::member_assignment, since(0)),
  };
};

// A group that does not exist has the state "Dead" and no members, and from version 6 on the
// error group_id_not_found (KIP-1043).
// protocol_data is the protocol that was chosen, once the group is Stable.
struct DescribedGroup {
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;
  std::string group_id;
  std::string group_state;
  std::string protocol_type;
  std::string protocol_data;
  std::vector<DescribedGroupMember> members;
  std::int32_t authorized_operations = std::numeric_limits<std::int32_t>::min(); // not asked for

  static constexpr auto fields = std::tuple{
      field("error_code", &DescribedGroup::error_code, since(0)),
      field("error_message", &DescribedGroup::error_message, since(6), since(6)),
      field("group_id", &DescribedGroup::group_id, since(0)),
      field("group_state", &DescribedGroup::group_state, since(0)),
      field("protocol_type", &DescribedGroup::protocol_type, since(0)),
      field("protocol_data", &DescribedGroup::protocol_data, since(0)),
      field("members", &DescribedGroup::members, since(0)),
      field("authorized_operations", &DescribedGroup::authorized_operations, since(3)),
  };
};

struct DescribeGroupsResponse {
  std::int32_t throttle_time_ms = 0;
  std::vector<DescribedGroup> groups;

  static constexpr const char* name = "DescribeGroupsResponse";
  static constexpr Versions complete = between(0, 6);
  static constexpr std::int16_t flexible_from = 5;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &DescribeGroupsResponse::throttle_time_ms, since(1)),
      field("groups", &DescribeGroupsResponse::groups, since(0)),
  };
};

} // namespace callboard::kafka
