#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"
#include "schema/uuid.h"

namespace callboard::kafka {

// By name or, with a null name, by id.
struct DeleteTopicState {
  std::optional<std::string> name;
  Uuid topic_id;

  static constexpr auto fields = std::tuple{
      field("name", &DeleteTopicState::name, since(6), since(6)),
      field("topic_id", &DeleteTopicState::topic_id, since(6)),
  };
};

// topics from version 6, topic_names before.
struct DeleteTopicsRequest {
  std::vector<DeleteTopicState> topics;
  std::vector<std::string> topic_names;
  std::int32_t timeout_ms = 0;

  static constexpr const char* name = "DeleteTopicsRequest";
  static constexpr Versions complete = between(0, 6);
  static constexpr std::int16_t flexible_from = 4;
  static constexpr auto fields = std::tuple{
      field("topics", &DeleteTopicsRequest::topics, since(6)),
      field("topic_names", &DeleteTopicsRequest::topic_names, between(0, 5)),
      field("timeout_ms", &DeleteTopicsRequest::timeout_ms, since(0)),
  };
};

struct DeletableTopicResult {
  std::optional<std::string> name;
  Uuid topic_id;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;

  static constexpr auto fields = std::tuple{
      field("name", &DeletableTopicResult::name, since(0), since(6)),
      field("topic_id", &DeletableTopicResult::topic_id, since(6)),
      field("error_code", &DeletableTopicResult::error_code, since(0)),
      field("error_message", &DeletableTopicResult::error_message, since(5), since(5)),
  };
};

struct DeleteTopicsResponse {
  std::int32_t throttle_time_ms = 0;
  std::vector<DeletableTopicResult> responses;

  static constexpr const char* name = "DeleteTopicsResponse";
  static constexpr Versions complete = between(0, 6);
  static constexpr std::int16_t flexible_from = 4;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &DeleteTopicsResponse::throttle_time_ms, since(1)),
      field("responses", &DeleteTopicsResponse::responses, since(0)),
  };
};

} // namespace callboard::kafka
