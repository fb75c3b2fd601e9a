#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

// A member is alive; the answer tells it of a rebalance (REBALANCE_IN_PROGRESS).
struct HeartbeatRequest {
  std::string group_id;
  std::int32_t generation_id = 0;
  std::string member_id;
  std::optional<std::string> group_instance_id;

  static constexpr const char* name = "HeartbeatRequest";
  static constexpr Versions complete = between(0, 4);
  static constexpr std::int16_t flexible_from = 4;
  static constexpr auto fields = std::tuple{
      field("group_id", &HeartbeatRequest::group_id, since(0)),
      field("generation_id", &HeartbeatRequest::generation_id, since(0)),
      field("member_id", &HeartbeatRequest::member_id, since(0)),
      field("group_instance_id", &HeartbeatRequest::group_instance_id, since(3), since(3)),
  };
};

struct HeartbeatResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;

  static constexpr const char* name = "HeartbeatResponse";
  static constexpr Versions complete = between(0, 4);
  static constexpr std::int16_t flexible_from = 4;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &HeartbeatResponse::throttle_time_ms, since(1)),
      field("error_code", &HeartbeatResponse::error_code, since(0)),
  };
};

} // namespace callboard::kafka
