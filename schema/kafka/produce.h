#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/bytes.h"
#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"
#include "schema/kafka/leader.h"

namespace callboard::kafka {

// One partition's batch. In message format 2 it holds exactly one.
struct PartitionProduceData {
  std::int32_t index = 0;
  std::optional<SharedBytes> records;

  static constexpr auto fields = std::tuple{
      field("index", &PartitionProduceData::index, since(0)),
      field("records", &PartitionProduceData::records, since(0), since(0)),
  };
};

struct TopicProduceData {
  std::string name;
  std::vector<PartitionProduceData> partition_data;

  static constexpr auto fields = std::tuple{
      field("name", &TopicProduceData::name, since(0)),
      field("partition_data", &TopicProduceData::partition_data, since(0)),
  };
};

// Appends a batch to each partition it names. acks: 0 no response at all, 1 the leader's
// write, -1 committed. Versions 0-2 carry the old message sets and are only decoded to be
// refused.
struct ProduceRequest {
  std::optional<std::string> transactional_id;
  std::int16_t acks = 0;
  std::int32_t timeout_ms = 0;
  std::vector<TopicProduceData> topic_data;

  static constexpr const char* name = "ProduceRequest";
  static constexpr Versions complete = between(0, 11);
  static constexpr std::int16_t flexible_from = 9;
  static constexpr auto fields = std::tuple{
      field("transactional_id", &ProduceRequest::transactional_id, since(3), since(3)),
      field("acks", &ProduceRequest::acks, since(0)),
      field("timeout_ms", &ProduceRequest::timeout_ms, since(0)),
      field("topic_data", &ProduceRequest::topic_data, since(0)),
  };
};

// A record that made its whole batch be refused, by its position in the batch.
struct BatchIndexAndErrorMessage {
  std::int32_t batch_index = 0;
  std::optional<std::string> batch_index_error_message;

  static constexpr auto fields = std::tuple{
      field("batch_index", &BatchIndexAndErrorMessage::batch_index, since(8)),
      field("batch_index_error_message", &BatchIndexAndErrorMessage::batch_index_error_message, since(8), since(8)),
  };
};

// base_offset and log_start_offset are -1 with an error; log_append_time_ms is -1 unless
// the topic stamps records itself.
struct PartitionProduceResponse {
  std::int32_t index = 0;
  ErrorCode error_code = ErrorCode::none;
  std::int64_t base_offset = 0;
  std::int64_t log_append_time_ms = -1;
  std::int64_t log_start_offset = -1;
  std::vector<BatchIndexAndErrorMessage> record_errors;
  std::optional<std::string> error_message;
  LeaderIdAndEpoch current_leader;

  static constexpr auto fields = std::tuple{
      field("index", &PartitionProduceResponse::index, since(0)),
      field("error_code", &PartitionProduceResponse::error_code, since(0)),
      field("base_offset", &PartitionProduceResponse::base_offset, since(0)),
      field("log_append_time_ms", &PartitionProduceResponse::log_append_time_ms, since(2)),
      field("log_start_offset", &PartitionProduceResponse::log_start_offset, since(5)),
      field("record_errors", &PartitionProduceResponse::record_errors, since(8)),
      field("error_message", &PartitionProduceResponse::error_message, since(8), since(8)),
      tagged<0>("current_leader", &PartitionProduceResponse::current_leader, since(10)),
  };
};

struct TopicProduceResponse {
  std::string name;
  std::vector<PartitionProduceResponse> partition_responses;

  static constexpr auto fields = std::tuple{
      field("name", &TopicProduceResponse::name, since(0)),
      field("partition_responses", &TopicProduceResponse::partition_responses, since(0)),
  };
};

struct ProduceResponse {
  std::vector<TopicProduceResponse> responses;
  std::int32_t throttle_time_ms = 0;
  std::vector<NodeEndpoint> node_endpoints;

  static constexpr const char* name = "ProduceResponse";
  static constexpr Versions complete = between(0, 11);
  static constexpr std::int16_t flexible_from = 9;
  static constexpr auto fields = std::tuple{
      field("responses", &ProduceResponse::responses, since(0)),
      field("throttle_time_ms", &ProduceResponse::throttle_time_ms, since(1)),
      tagged<0>("node_endpoints", &ProduceResponse::node_endpoints, since(10)),
  };
};

} // namespace callboard::kafka
