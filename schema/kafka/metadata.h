#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"
#include "schema/uuid.h"

namespace callboard::kafka {

// Authorised operations were not asked for.
inline constexpr std::int32_t operations_not_asked = std::numeric_limits<std::int32_t>::min();

// By name; by id from version 12.
struct MetadataRequestTopic {
  Uuid topic_id;
  std::optional<std::string> name;

  static constexpr auto fields = std::tuple{
      field("topic_id", &MetadataRequestTopic::topic_id, since(10)),
      field("name", &MetadataRequestTopic::name, since(0), since(10)),
  };
};

// Absent topics ask for all; so does an empty array in version 0, which has no null.
struct MetadataRequest {
  std::optional<std::vector<MetadataRequestTopic>> topics;
  bool allow_auto_topic_creation = true;
  bool include_cluster_authorized_operations = false;
  bool include_topic_authorized_operations = false;

  static constexpr const char* name = "MetadataRequest";
  static constexpr Versions complete = between(0, 13);
  static constexpr std::int16_t flexible_from = 9;
  static constexpr auto fields = std::tuple{
      field("topics", &MetadataRequest::topics, since(0), since(1)),
      field("allow_auto_topic_creation", &MetadataRequest::allow_auto_topic_creation, since(4)),
      field("include_cluster_authorized_operations", &MetadataRequest::include_cluster_authorized_operations,
            between(8, 10)),
      field("include_topic_authorized_operations", &MetadataRequest::include_topic_authorized_operations, since(8)),
  };
};

struct MetadataResponseBroker {
  std::int32_t node_id = 0;
  std::string host;
  std::int32_t port = 0;
  std::optional<std::string> rack;

  static constexpr auto fields = std::tuple{
      field("node_id", &MetadataResponseBroker::node_id, since(0)),
      field("host", &MetadataResponseBroker::host, since(0)),
      field("port", &MetadataResponseBroker::port, since(0)),
      field("rack", &MetadataResponseBroker::rack, since(1), since(1)),
  };
};

struct MetadataResponsePartition {
  ErrorCode error_code = ErrorCode::none;
  std::int32_t partition_index = 0;
  std::int32_t leader_id = 0;
  std::int32_t leader_epoch = -1;
  std::vector<std::int32_t> replica_nodes;
  std::vector<std::int32_t> isr_nodes;
  std::vector<std::int32_t> offline_replicas;

  static constexpr auto fields = std::tuple{
      field("error_code", &MetadataResponsePartition::error_code, since(0)),
      field("partition_index", &MetadataResponsePartition::partition_index, since(0)),
      field("leader_id", &MetadataResponsePartition::leader_id, since(0)),
      field("leader_epoch", &MetadataResponsePartition::leader_epoch, since(7)),
      field("replica_nodes", &MetadataResponsePartition::replica_nodes, since(0)),
      field("isr_nodes", &MetadataResponsePartition::isr_nodes, since(0)),
      field("offline_replicas", &MetadataResponsePartition::offline_replicas, since(5)),
  };
};

// name is null only for an unknown id (version 12).
struct MetadataResponseTopic {
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> name;
  Uuid topic_id;
  bool is_internal = false;
  std::vector<MetadataResponsePartition> partitions;
  std::int32_t topic_authorized_operations = operations_not_asked;

  static constexpr auto fields = std::tuple{
      field("error_code", &MetadataResponseTopic::error_code, since(0)),
      field("name", &MetadataResponseTopic::name, since(0), since(12)),
      field("topic_id", &MetadataResponseTopic::topic_id, since(10)),
      field("is_internal", &MetadataResponseTopic::is_internal, since(1)),
      field("partitions", &MetadataResponseTopic::partitions, since(0)),
      field("topic_authorized_operations", &MetadataResponseTopic::topic_authorized_operations, since(8)),
  };
};

// The nodes, and who leads each partition. Clients connect to host and port given here,
// not to the address they started from.
struct MetadataResponse {
  std::int32_t throttle_time_ms = 0;
  std::vector<MetadataResponseBroker> brokers;
  std::optional<std::string> cluster_id;
  std::int32_t controller_id = -1;
  std::vector<MetadataResponseTopic> topics;
  std::int32_t cluster_authorized_operations = operations_not_asked;
  ErrorCode error_code = ErrorCode::none; // of the whole request (KIP-1102)

  static constexpr const char* name = "MetadataResponse";
  static constexpr Versions complete = between(0, 13);
  static constexpr std::int16_t flexible_from = 9;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &MetadataResponse::throttle_time_ms, since(3)),
      field("brokers", &MetadataResponse::brokers, since(0)),
      field("cluster_id", &MetadataResponse::cluster_id, since(2), since(2)),
      field("controller_id", &MetadataResponse::controller_id, since(1)),
      field("topics", &MetadataResponse::topics, since(0)),
      field("cluster_authorized_operations", &MetadataResponse::cluster_authorized_operations, between(8, 10)),
      field("error_code", &MetadataResponse::error_code, since(13)),
  };
};

} // namespace callboard::kafka
