#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

// Asks for a producer id; a producer that has one sends it to get its epoch raised
// (KIP-360).
struct InitProducerIdRequest {
  std::optional<std::string> transactional_id;
  std::int32_t transaction_timeout_ms = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;

  static constexpr const char* name = "InitProducerIdRequest";
  static constexpr Versions complete = between(0, 5);
  static constexpr std::int16_t flexible_from = 2;
  static constexpr auto fields = std::tuple{
      field("transactional_id", &InitProducerIdRequest::transactional_id, since(0), since(0)),
      field("transaction_timeout_ms", &InitProducerIdRequest::transaction_timeout_ms, since(0)),
      field("producer_id", &InitProducerIdRequest::producer_id, since(3)),
      field("producer_epoch", &InitProducerIdRequest::producer_epoch, since(3)),
  };
};

struct InitProducerIdResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = 0;

  static constexpr const char* name = "InitProducerIdResponse";
  static constexpr Versions complete = between(0, 5);
  static constexpr std::int16_t flexible_from = 2;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &InitProducerIdResponse::throttle_time_ms, since(0)),
      field("error_code", &InitProducerIdResponse::error_code, since(0)),
      field("producer_id", &InitProducerIdResponse::producer_id, since(0)),
      field("producer_epoch", &InitProducerIdResponse::producer_epoch, since(0)),
  };
};

} // namespace callboard::kafka
