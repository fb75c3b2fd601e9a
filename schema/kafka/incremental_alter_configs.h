#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/kafka/alter_configs.h"

namespace callboard::kafka {

// config_operation: 0 set, 1 delete (back to the default), 2 append to a list, 3 subtract
// from a list (KIP-339).
struct IncrementalConfig {
  std::string name;
  std::int8_t config_operation = 0;
  std::optional<std::string> value;

  static constexpr auto fields = std::tuple{
      field("name", &IncrementalConfig::name, since(0)),
      field("config_operation", &IncrementalConfig::config_operation, since(0)),
      field("value", &IncrementalConfig::value, since(0), since(0)),
  };
};

// A topic or, by its id in decimal, a broker. What is not named stays as it is.
struct IncrementalAlterConfigsResource {
  std::int8_t resource_type = 0;
  std::string resource_name;
  std::vector<IncrementalConfig> configs;

  static constexpr auto fields = std::tuple{
      field("resource_type", &IncrementalAlterConfigsResource::resource_type, since(0)),
      field("resource_name", &IncrementalAlterConfigsResource::resource_name, since(0)),
      field("configs", &IncrementalAlterConfigsResource::configs, since(0)),
  };
};

struct IncrementalAlterConfigsRequest {
  std::vector<IncrementalAlterConfigsResource> resources;
  bool validate_only = false;

  static constexpr const char* name = "IncrementalAlterConfigsRequest";
  static constexpr Versions complete = between(0, 1);
  static constexpr std::int16_t flexible_from = 1;
  static constexpr auto fields = std::tuple{
      field("resources", &IncrementalAlterConfigsRequest::resources, since(0)),
      field("validate_only", &IncrementalAlterConfigsRequest::validate_only, since(0)),
  };
};

struct IncrementalAlterConfigsResponse {
  std::int32_t throttle_time_ms = 0;
  std::vector<AlterConfigsResourceResponse> responses;

  static constexpr const char* name = "IncrementalAlterConfigsResponse";
  static constexpr Versions complete = between(0, 1);
  static constexpr std::int16_t flexible_from = 1;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &IncrementalAlterConfigsResponse::throttle_time_ms, since(0)),
      field("responses", &IncrementalAlterConfigsResponse::responses, since(0)),
  };
};

} // namespace callboard::kafka
