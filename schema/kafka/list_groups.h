#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

// Of the groups that this node coordinates, those in one of the states and of one of the
// types; an empty filter lets all pass.
struct ListGroupsRequest {
  std::vector<std::string> states_filter;
  std::vector<std::string> types_filter;

  static constexpr const char* name = "ListGroupsRequest";
  static constexpr Versions complete = between(0, 5);
  static constexpr std::int16_t flexible_from = 3;
  static constexpr auto fields = std::tuple{
      field("states_filter", &ListGroupsRequest::states_filter, since(4)),
      field("types_filter", &ListGroupsRequest::types_filter, since(5)),
  };
};

// group_state as Kafka spells it: "Stable", "PreparingRebalance"; group_type "classic" or
// "consumer". protocol_type is empty if the group only keeps offsets.
struct ListedGroup {
  std::string group_id;
  std::string protocol_type;
  std::string group_state;
  std::string group_type;

  static constexpr auto fields = std::tuple{
      field("group_id", &ListedGroup::group_id, since(0)),
      field("protocol_type", &ListedGroup::protocol_type, since(0)),
      field("group_state", &ListedGroup::group_state, since(4)),
      field("group_type", &ListedGroup::group_type, since(5)),
  };
};

struct ListGroupsResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::vector<ListedGroup> groups;

  static constexpr const char* name = "ListGroupsResponse";
  static constexpr Versions complete = between(0, 5);
  static constexpr std::int16_t flexible_from = 3;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &ListGroupsResponse::throttle_time_ms, since(1)),
      field("error_code", &ListGroupsResponse::error_code, since(0)),
      field("groups", &ListGroupsResponse::groups, since(0)),
  };
};

} // namespace callboard::kafka
