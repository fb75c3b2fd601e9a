#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"
#include "schema/uuid.h"

namespace callboard::kafka {

// A partition's replicas chosen by hand; the first one leads.
struct CreatableReplicaAssignment {
  std::int32_t partition_index = 0;
  std::vector<std::int32_t> broker_ids;

  static constexpr auto fields = std::tuple{
      field("partition_index", &CreatableReplicaAssignment::partition_index, since(0)),
      field("broker_ids", &CreatableReplicaAssignment::broker_ids, since(0)),
  };
};

struct CreatableTopicConfig {
  std::string name;
  std::optional<std::string> value;

  static constexpr auto fields = std::tuple{
      field("name", &CreatableTopicConfig::name, since(0)),
      field("value", &CreatableTopicConfig::value, since(0), since(0)),
  };
};

// num_partitions and replication_factor -1: the broker's default (KIP-464), or as many as
// assignments say.
struct CreatableTopic {
  std::string name;
  std::int32_t num_partitions = 0;
  std::int16_t replication_factor = 0;
  std::vector<CreatableReplicaAssignment> assignments;
  std::vector<CreatableTopicConfig> configs;

  static constexpr auto fields = std::tuple{
      field("name", &CreatableTopic::name, since(0)),
      field("num_partitions", &CreatableTopic::num_partitions, since(0)),
      field("replication_factor", &CreatableTopic::replication_factor, since(0)),
      field("assignments", &CreatableTopic::assignments, since(0)),
      field("configs", &CreatableTopic::configs, since(0)),
  };
};

struct CreateTopicsRequest {
  std::vector<CreatableTopic> topics;
  std::int32_t timeout_ms = 60000;
  bool validate_only = false;

  static constexpr const char* name = "CreateTopicsRequest";
  static constexpr Versions complete = between(0, 7);
  static constexpr std::int16_t flexible_from = 5;
  static constexpr auto fields = std::tuple{
      field("topics", &CreateTopicsRequest::topics, since(0)),
      field("timeout_ms", &CreateTopicsRequest::timeout_ms, since(0)),
      field("validate_only", &CreateTopicsRequest::validate_only, since(1)),
  };
};

// config_source as in DescribeConfigs: 1 the topic's own, 4 static broker, 5 default.
struct CreatableTopicConfigs {
  std::string name;
  std::optional<std::string> value;
  bool read_only = false;
  std::int8_t config_source = -1;
  bool is_sensitive = false;

  static constexpr auto fields = std::tuple{
      field("name", &CreatableTopicConfigs::name, since(5)),
      field("value", &CreatableTopicConfigs::value, since(5), since(5)),
      field("read_only", &CreatableTopicConfigs::read_only, since(5)),
      field("config_source", &CreatableTopicConfigs::config_source, since(5)),
      field("is_sensitive", &CreatableTopicConfigs::is_sensitive, since(5)),
  };
};

// num_partitions, replication_factor and configs describe the topic that was created
// (KIP-525).
struct CreatableTopicResult {
  std::string name;
  Uuid topic_id;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;
  ErrorCode topic_config_error_code = ErrorCode::none;
  std::int32_t num_partitions = -1;
  std::int16_t replication_factor = -1;
  std::optional<std::vector<CreatableTopicConfigs>> configs;

  static constexpr auto fields = std::tuple{
      field("name", &CreatableTopicResult::name, since(0)),
      field("topic_id", &CreatableTopicResult::topic_id, since(7)),
      field("error_code", &CreatableTopicResult::error_code, since(0)),
      field("error_message", &CreatableTopicResult::error_message, since(1), since(0)),
      tagged<0>("topic_config_error_code", &CreatableTopicResult::topic_config_error_code, since(5)),
      field("num_partitions", &CreatableTopicResult::num_partitions, since(5)),
      field("replication_factor", &CreatableTopicResult::replication_factor, since(5)),
      field("configs", &CreatableTopicResult::configs, since(5), since(5)),
  };
};

struct CreateTopicsResponse {
  std::int32_t throttle_time_ms = 0;
  std::vector<CreatableTopicResult> topics;

  static constexpr const char* name = "CreateTopicsResponse";
  static constexpr Versions complete = between(0, 7);
  static constexpr std::int16_t flexible_from = 5;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &CreateTopicsResponse::throttle_time_ms, since(2)),
      field("topics", &CreateTopicsResponse::topics, since(0)),
  };
};

} // namespace callboard::kafka
