#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"

namespace callboard::kafka {

struct DescribeProducersTopic {
  std::string name;
  std::vector<std::int32_t> partition_indexes;

  static constexpr auto fields = std::tuple{
      field("name", &DescribeProducersTopic::name, since(0)),
      field("partition_indexes", &DescribeProducersTopic::partition_indexes, since(0)),
  };
};

struct DescribeProducersRequest {
  std::vector<DescribeProducersTopic> topics;

  static constexpr const char* name = "DescribeProducersRequest";
  static constexpr Versions complete = between(0, 0);
  static constexpr std::int16_t flexible_from = 0;
  static constexpr auto fields = std::tuple{
      field("topics", &DescribeProducersRequest::topics, since(0)),
  };
};

// An idempotent producer that the partition remembers; -1 where nothing is known.
struct DescribedProducer {
  std::int64_t producer_id = 0;
  std::int32_t producer_epoch = 0;
  std::int32_t last_sequence = -1;
  std::int64_t last_timestamp = -1;
  std::int32_t coordinator_epoch = -1;
  std::int64_t current_txn_start_offset = -1;

  static constexpr auto fields = std::tuple{
      field("producer_id", &DescribedProducer::producer_id, since(0)),
      field("producer_epoch", &DescribedProducer::producer_epoch, since(0)),
      field("last_sequence", &DescribedProducer::last_sequence, since(0)),
      field("last_timestamp", &DescribedProducer::last_timestamp, since(0)),
      field("coordinator_epoch", &DescribedProducer::coordinator_epoch, since(0)),
      field("current_txn_start_offset", &DescribedProducer::current_txn_start_offset, since(0)),
  };
};

struct DescribeProducersPartition {
  std::int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::none;
  std::optional<std::string> error_message;
  std::vector<DescribedProducer> active_producers;

  static constexpr auto fields = std::tuple{
      field("partition_index", &DescribeProducersPartition::partition_index, since(0)),
      field("error_code", &DescribeProducersPartition::error_code, since(0)),
      field("error_message", &DescribeProducersPartition::error_message, since(0), since(0)),
      field("active_producers", &DescribeProducersPartition::active_producers, since(0)),
  };
};

struct DescribeProducersTopicResult {
  std::string name;
  std::vector<DescribeProducersPartition> partitions;

  static constexpr auto fields = std::tuple{
      field("name", &DescribeProducersTopicResult::name, since(0)),
      field("partitions", &DescribeProducersTopicResult::partitions, since(0)),
  };
};

struct DescribeProducersResponse {
  std::int32_t throttle_time_ms = 0;
  std::vector<DescribeProducersTopicResult> topics;

  static constexpr const char* name = "DescribeProducersResponse";
  static constexpr Versions complete = between(0, 0);
  static constexpr std::int16_t flexible_from = 0;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &DescribeProducersResponse::throttle_time_ms, since(0)),
      field("topics", &DescribeProducersResponse::topics, since(0)),
  };
};

} // namespace callboard::kafka
