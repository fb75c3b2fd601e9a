#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

struct AlterableConfig {
  std::string name;
  std::optional<std::string> value;

  static constexpr auto fields = std::tuple{
      field("name", &AlterableConfig::name, since(0)),
      field("value", &AlterableConfig::value, since(0), since(0)),
  };
};

// A topic or, by its id in decimal, a broker; types as in DescribeConfigs. What is not
// named goes back to its default.
struct AlterConfigsResource {
  std::int8_t resource_type = 0;
  std::string resource_name;
  std::vector<AlterableConfig> configs;

  static constexpr auto fields = std::tuple{
      field("resource_type", &AlterConfigsResource::resource_type, since(0)),
      field("resource_name", &AlterConfigsResource::resource_name, since(0)),
      field("configs", &AlterConfigsResource::configs, since(0)),
  };
};

struct AlterConfigsRequest {
  std::vector<AlterConfigsResource> resources;
  bool validate_only = false;

  static constexpr const char* name = "AlterConfigsRequest";
  static constexpr Versions complete = between(0, 2);
  static constexpr std::int16_t flexible_from = 2;
  static constexpr auto fields = std::tuple{
      field("resources", &AlterConfigsRequest::resources, since(0)),
      field("validate_only", &AlterConfigsRequest::validate_only, since(0)),
  };
};

// The same in IncrementalAlterConfigs.
struct AlterConfigsResourceResponse {
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;
  std::int8_t resource_type = 0;
  std::string resource_name;

  static constexpr auto fields = std::tuple{
      field("error_code", &AlterConfigsResourceResponse::error_code, since(0)),
      field("error_message", &AlterConfigsResourceResponse::error_message, since(0), since(0)),
      field("resource_type", &AlterConfigsResourceResponse::resource_type, since(0)),
      field("resource_name", &AlterConfigsResourceResponse::resource_name, since(0)),
  };
};

struct AlterConfigsResponse {
  std::int32_t throttle_time_ms = 0;
  std::vector<AlterConfigsResourceResponse> responses;

  static constexpr const char* name = "AlterConfigsResponse";
  static constexpr Versions complete = between(0, 2);
  static constexpr std::int16_t flexible_from = 2;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &AlterConfigsResponse::throttle_time_ms, since(0)),
      field("responses", &AlterConfigsResponse::responses, since(0)),
  };
};

} // namespace callboard::kafka
