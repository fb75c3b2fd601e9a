#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

// Removes groups without members, with their offsets.
struct DeleteGroupsRequest {
  std::vector<std::string> group_names;

  static constexpr const char* name = "DeleteGroupsRequest";
  static constexpr Versions complete = between(0, 2);
  static constexpr std::int16_t flexible_from = 2;
  static constexpr auto fields = std::tuple{
      field("group_names", &DeleteGroupsRequest::group_names, since(0)),
  };
};

struct DeletableGroupResult {
  std::string group_id;
  ErrorCode error_code = ErrorCode::none;

  static constexpr auto fields = std::tuple{
      field("group_id", &DeletableGroupResult::group_id, since(0)),
      field("error_code", &DeletableGroupResult::error_code, since(0)),
  };
};

struct DeleteGroupsResponse {
  std::int32_t throttle_time_ms = 0;
  std::vector<DeletableGroupResult> results;

  static constexpr const char* name = "DeleteGroupsResponse";
  static constexpr Versions complete = between(0, 2);
  static constexpr std::int16_t flexible_from = 2;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &DeleteGroupsResponse::throttle_time_ms, since(0)),
      field("results", &DeleteGroupsResponse::results, since(0)),
  };
};

} // namespace callboard::kafka
