#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

// Usually a connection's first request. Its answer has response header 0 in every version,
// and for an unknown version the body of version 0 (KIP-511).
struct ApiVersionsRequest {
  std::string client_software_name;
  std::string client_software_version;

  static constexpr const char* name = "ApiVersionsRequest";
  static constexpr Versions complete = between(0, 4);
  static constexpr std::int16_t flexible_from = 3;
  static constexpr auto fields = std::tuple{
      field("client_software_name", &ApiVersionsRequest::client_software_name, since(3)),
      field("client_software_version", &ApiVersionsRequest::client_software_version, since(3)),
  };
};

// A range of versions, both ends included.
struct ApiVersion {
  std::int16_t api_key = 0;
  std::int16_t min_version = 0;
  std::int16_t max_version = 0;

  static constexpr auto fields = std::tuple{
      field("api_key", &ApiVersion::api_key, since(0)),
      field("min_version", &ApiVersion::min_version, since(0)),
      field("max_version", &ApiVersion::max_version, since(0)),
  };
};

struct SupportedFeatureKey {
  std::string name;
  std::int16_t min_version = 0;
  std::int16_t max_version = 0;

  bool operator==(const SupportedFeatureKey&) const = default;

  static constexpr auto fields = std::tuple{
      field("name", &SupportedFeatureKey::name, since(3)),
      field("min_version", &SupportedFeatureKey::min_version, since(3)),
      field("max_version", &SupportedFeatureKey::max_version, since(3)),
  };
};

struct FinalizedFeatureKey {
  std::string name;
  std::int16_t max_version_level = 0;
  std::int16_t min_version_level = 0;

  bool operator==(const FinalizedFeatureKey&) const = default;

  static constexpr auto fields = std::tuple{
      field("name", &FinalizedFeatureKey::name, since(3)),
      field("max_version_level", &FinalizedFeatureKey::max_version_level, since(3)),
      field("min_version_level", &FinalizedFeatureKey::min_version_level, since(3)),
  };
};

// The features drive clients' newer protocols (KIP-584): absent means none.
struct ApiVersionsResponse {
  ErrorCode error_code = ErrorCode::none;
  std::vector<ApiVersion> api_keys;
  std::int32_t throttle_time_ms = 0;
  std::vector<SupportedFeatureKey> supported_features;
  std::int64_t finalized_features_epoch = -1;
  std::vector<FinalizedFeatureKey> finalized_features;
  bool zk_migration_ready = false;

  static constexpr const char* name = "ApiVersionsResponse";
  static constexpr Versions complete = between(0, 4);
  static constexpr std::int16_t flexible_from = 3;
  static constexpr auto fields = std::tuple{
      field("error_code", &ApiVersionsResponse::error_code, since(0)),
      field("api_keys", &ApiVersionsResponse::api_keys, since(0)),
      field("throttle_time_ms", &ApiVersionsResponse::throttle_time_ms, since(1)),
      tagged<0>("supported_features", &ApiVersionsResponse::supported_features, since(3)),
      tagged<1>("finalized_features_epoch", &ApiVersionsResponse::finalized_features_epoch, since(3)),
      tagged<2>("finalized_features", &ApiVersionsResponse::finalized_features, since(3)),
      tagged<3>("zk_migration_ready", &ApiVersionsResponse::zk_migration_ready, since(3)),
  };
};

} // namespace callboard::kafka
