#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

// What a configuration belongs to.
inline constexpr std::int8_t resource_topic = 2;
inline constexpr std::int8_t resource_broker = 4;

// Where a value comes from.
inline constexpr std::int8_t config_of_topic = 1;
inline constexpr std::int8_t config_of_static_broker = 4;
inline constexpr std::int8_t config_default = 5;

// A topic or, by its id in decimal, a broker. Absent keys ask for all.
struct DescribeConfigsResource {
  std::int8_t resource_type = 0;
  std::string resource_name;
  std::optional<std::vector<std::string>> configuration_keys;

  static constexpr auto fields = std::tuple{
      field("resource_type", &DescribeConfigsResource::resource_type, since(0)),
      field("resource_name", &DescribeConfigsResource::resource_name, since(0)),
      field("configuration_keys", &DescribeConfigsResource::configuration_keys, since(0), since(0)),
  };
};

struct DescribeConfigsRequest {
  std::vector<DescribeConfigsResource> resources;
  bool include_synonyms = false;
  bool include_documentation = false;

  static constexpr const char* name = "DescribeConfigsRequest";
  static constexpr Versions complete = between(0, 4);
  static constexpr std::int16_t flexible_from = 4;
  static constexpr auto fields = std::tuple{
      field("resources", &DescribeConfigsRequest::resources, since(0)),
      field("include_synonyms", &DescribeConfigsRequest::include_synonyms, since(1)),
      field("include_documentation", &DescribeConfigsRequest::include_documentation, since(3)),
  };
};

// The same setting where it would come from, the first that has a value wins.
struct DescribeConfigsSynonym {
  std::string name;
  std::optional<std::string> value;
  std::int8_t source = config_default;

  static constexpr auto fields = std::tuple{
      field("name", &DescribeConfigsSynonym::name, since(1)),
      field("value", &DescribeConfigsSynonym::value, since(1), since(0)),
      field("source", &DescribeConfigsSynonym::source, since(1)),
  };
};

// config_type: 1 boolean, 2 string, 3 int, 5 long, 6 double, 7 list; 0 not known.
struct DescribeConfigsResourceResult {
  std::string name;
  std::optional<std::string> value;
  bool read_only = false;
  bool is_default = true; // in version 0; then came the source
  std::int8_t config_source = config_default;
  bool is_sensitive = false;
  std::vector<DescribeConfigsSynonym> synonyms;
  std::int8_t config_type = 0;
  std::optional<std::string> documentation;

  static constexpr auto fields = std::tuple{
      field("name", &DescribeConfigsResourceResult::name, since(0)),
      field("value", &DescribeConfigsResourceResult::value, since(0), since(0)),
      field("read_only", &DescribeConfigsResourceResult::read_only, since(0)),
      field("is_default", &DescribeConfigsResourceResult::is_default, between(0, 0)),
      field("config_source", &DescribeConfigsResourceResult::config_source, since(1)),
      field("is_sensitive", &DescribeConfigsResourceResult::is_sensitive, since(0)),
      field("synonyms", &DescribeConfigsResourceResult::synonyms, since(1)),
      field("config_type", &DescribeConfigsResourceResult::config_type, since(3)),
      field("documentation", &DescribeConfigsResourceResult::documentation, since(3), since(0)),
  };
};

struct DescribeConfigsResult {
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;
  std::int8_t resource_type = 0;
  std::string resource_name;
  std::vector<DescribeConfigsResourceResult> configs;

  static constexpr auto fields = std::tuple{
      field("error_code", &DescribeConfigsResult::error_code, since(0)),
      field("error_message", &DescribeConfigsResult::error_message, since(0), since(0)),
      field("resource_type", &DescribeConfigsResult::resource_type, since(0)),
      field("resource_name", &DescribeConfigsResult::resource_name, since(0)),
      field("configs", &DescribeConfigsResult::configs, since(0)),
  };
};

struct DescribeConfigsResponse {
  std::int32_t throttle_time_ms = 0;
  std::vector<DescribeConfigsResult> results;

  static constexpr const char* name = "DescribeConfigsResponse";
  static constexpr Versions complete = between(0, 4);
  static constexpr std::int16_t flexible_from = 4;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &DescribeConfigsResponse::throttle_time_ms, since(0)),
      field("results", &DescribeConfigsResponse::results, since(0)),
  };
};

} // namespace callboard::kafka
