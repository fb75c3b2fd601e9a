#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

// What a coordinator is asked for: a consumer group or a transactional id.
inline constexpr std::int8_t coordinator_of_group = 0;
inline constexpr std::int8_t coordinator_of_transaction = 1;

// coordinator_keys from version 4 (KIP-699), key before.
struct FindCoordinatorRequest {
  std::string key;
  std::int8_t key_type = coordinator_of_group;
  std::vector<std::string> coordinator_keys;

  static constexpr const char* name = "FindCoordinatorRequest";
  static constexpr Versions complete = between(0, 6);
  static constexpr std::int16_t flexible_from = 3;
  static constexpr auto fields = std::tuple{
      field("key", &FindCoordinatorRequest::key, between(0, 3)),
      field("key_type", &FindCoordinatorRequest::key_type, since(1)),
      field("coordinator_keys", &FindCoordinatorRequest::coordinator_keys, since(4)),
  };
};

// node_id -1, no host and port -1 stand beside an error.
struct Coordinator {
  std::string key;
  std::int32_t node_id = -1;
  std::string host;
  std::int32_t port = -1;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;

  static constexpr auto fields = std::tuple{
      field("key", &Coordinator::key, since(4)),
      field("node_id", &Coordinator::node_id, since(4)),
      field("host", &Coordinator::host, since(4)),
      field("port", &Coordinator::port, since(4)),
      field("error_code", &Coordinator::error_code, since(4)),
      field("error_message", &Coordinator::error_message, since(4), since(4)),
  };
};

// coordinators, one a key, from version 4; the other fields before.
struct FindCoordinatorResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;
  std::int32_t node_id = -1;
  std::string host;
  std::int32_t port = -1;
  std::vector<Coordinator> coordinators;

  static constexpr const char* name = "FindCoordinatorResponse";
  static constexpr Versions complete = between(0, 6);
  static constexpr std::int16_t flexible_from = 3;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &FindCoordinatorResponse::throttle_time_ms, since(1)),
      field("error_code", &FindCoordinatorResponse::error_code, between(0, 3)),
      field("error_message", &FindCoordinatorResponse::error_message, between(1, 3), between(1, 3)),
      field("node_id", &FindCoordinatorResponse::node_id, between(0, 3)),
      field("host", &FindCoordinatorResponse::host, between(0, 3)),
      field("port", &FindCoordinatorResponse::port, between(0, 3)),
      field("coordinators", &FindCoordinatorResponse::coordinators, since(4)),
  };
};

} // namespace callboard::kafka
