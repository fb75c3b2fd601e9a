#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

// Which addresses are asked for (KIP-919).
inline constexpr std::int8_t endpoint_of_brokers = 1;
inline constexpr std::int8_t endpoint_of_controllers = 2;

struct DescribeClusterRequest {
  bool include_cluster_authorized_operations = false;
  std::int8_t endpoint_type = endpoint_of_brokers;
  bool include_fenced_brokers = false; // KIP-1073

  static constexpr const char* name = "DescribeClusterRequest";
  static constexpr Versions complete = between(0, 2);
  static constexpr std::int16_t flexible_from = 0;
  static constexpr auto fields = std::tuple{
      field("include_cluster_authorized_operations", &DescribeClusterRequest::include_cluster_authorized_operations,
            since(0)),
      field("endpoint_type", &DescribeClusterRequest::endpoint_type, since(1)),
      field("include_fenced_brokers", &DescribeClusterRequest::include_fenced_brokers, since(2)),
  };
};

struct DescribeClusterBroker {
  std::int32_t broker_id = 0;
  std::string host;
  std::int32_t port = 0;
  std::optional<std::string> rack;
  bool is_fenced = false;

  static constexpr auto fields = std::tuple{
      field("broker_id", &DescribeClusterBroker::broker_id, since(0)),
      field("host", &DescribeClusterBroker::host, since(0)),
      field("port", &DescribeClusterBroker::port, since(0)),
      field("rack", &DescribeClusterBroker::rack, since(0), since(0)),
      field("is_fenced", &DescribeClusterBroker::is_fenced, since(2)),
  };
};

// cluster_authorized_operations: the lowest number, if they were not asked for.
struct DescribeClusterResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;
  std::int8_t endpoint_type = endpoint_of_brokers;
  std::string cluster_id;
  std::int32_t controller_id = -1;
  std::vector<DescribeClusterBroker> brokers;
  std::int32_t cluster_authorized_operations = std::numeric_limits<std::int32_t>::min();

  static constexpr const char* name = "DescribeClusterResponse";
  static constexpr Versions complete = between(0, 2);
  static constexpr std::int16_t flexible_from = 0;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &DescribeClusterResponse::throttle_time_ms, since(0)),
      field("error_code", &DescribeClusterResponse::error_code, since(0)),
      field("error_message", &DescribeClusterResponse::error_message, since(0), since(0)),
      field("endpoint_type", &DescribeClusterResponse::endpoint_type, since(1)),
      field("cluster_id", &DescribeClusterResponse::cluster_id, since(0)),
      field("controller_id", &DescribeClusterResponse::controller_id, since(0)),
      field("brokers", &DescribeClusterResponse::brokers, since(0)),
      field("cluster_authorized_operations", &DescribeClusterResponse::cluster_authorized_operations, since(0)),
  };
};

} // namespace callboard::kafka
