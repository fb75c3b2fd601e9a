#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/bytes.h"
#include "schema/error_code.h"
#include "schema/kafka/descriptor.h"
#include "schema/kafka/leader.h"
#include "schema/uuid.h"

namespace callboard::kafka {

// log_start_offset and replica_directory_id are a follower's, consumers leave them out;
// the epochs are -1 if unknown (KIP-320).
struct FetchPartition {
  std::int32_t partition = 0;
  std::int32_t current_leader_epoch = -1;
  std::int64_t fetch_offset = 0;
  std::int32_t last_fetched_epoch = -1;
  std::int64_t log_start_offset = -1;
  std::int32_t partition_max_bytes = 0;
  Uuid replica_directory_id;

  static constexpr auto fields = std::tuple{
      field("partition", &FetchPartition::partition, since(0)),
      field("current_leader_epoch", &FetchPartition::current_leader_epoch, since(9)),
      field("fetch_offset", &FetchPartition::fetch_offset, since(0)),
      field("last_fetched_epoch", &FetchPartition::last_fetched_epoch, since(12)),
      field("log_start_offset", &FetchPartition::log_start_offset, since(5)),
      field("partition_max_bytes", &FetchPartition::partition_max_bytes, since(0)),
      tagged<0>("replica_directory_id", &FetchPartition::replica_directory_id, since(17)),
  };
};

// By name up to version 12, by id from version 13 (KIP-516).
struct FetchTopic {
  std::string topic;
  Uuid topic_id;
  std::vector<FetchPartition> partitions;

  static constexpr auto fields = std::tuple{
      field("topic", &FetchTopic::topic, between(0, 12)),
      field("topic_id", &FetchTopic::topic_id, since(13)),
      field("partitions", &FetchTopic::partitions, since(0)),
  };
};

// Partitions that leave an incremental fetch session (KIP-227).
struct ForgottenTopic {
  std::string topic;
  Uuid topic_id;
  std::vector<std::int32_t> partitions;

  static constexpr auto fields = std::tuple{
      field("topic", &ForgottenTopic::topic, between(7, 12)),
      field("topic_id", &ForgottenTopic::topic_id, since(13)),
      field("partitions", &ForgottenTopic::partitions, since(7)),
  };
};

// A follower says who it is; consumers leave it out (KIP-903).
struct ReplicaState {
  std::int32_t replica_id = -1;
  std::int64_t replica_epoch = -1;

  bool operator==(const ReplicaState&) const = default;

  static constexpr auto fields = std::tuple{
      field("replica_id", &ReplicaState::replica_id, since(15)),
      field("replica_epoch", &ReplicaState::replica_epoch, since(15)),
  };
};

// session_id and session_epoch of a request (KIP-227): 0 and 0 opens a session, id and
// the next epoch go on with it, epoch -1 closes the one named and asks for none.
inline constexpr std::int32_t no_fetch_session = 0;
inline constexpr std::int32_t first_fetch_epoch = 0;
inline constexpr std::int32_t final_fetch_epoch = -1;

// isolation_level of a consumer that wants to see committed transactions only.
inline constexpr std::int8_t read_committed = 1;

// A long poll: answered when min_bytes have gathered, a partition has an error or
// max_wait_ms have passed. Partitions are served in the order given; the limits are soft
// for the first batch (KIP-74). replica_id is -1 for consumers.
struct FetchRequest {
  std::optional<std::string> cluster_id;
  std::int32_t replica_id = -1;
  ReplicaState replica_state;
  std::int32_t max_wait_ms = 0;
  std::int32_t min_bytes = 0;
  std::int32_t max_bytes = 0x7fffffff;
  std::int8_t isolation_level = 0;
  std::int32_t session_id = no_fetch_session;
  std::int32_t session_epoch = final_fetch_epoch;
  std::vector<FetchTopic> topics;
  std::vector<ForgottenTopic> forgotten_topics_data;
  std::string rack_id;

  static constexpr const char* name = "FetchRequest";
  static constexpr Versions complete = between(4, 17);
  static constexpr std::int16_t flexible_from = 12;
  static constexpr auto fields = std::tuple{
      tagged<0>("cluster_id", &FetchRequest::cluster_id, since(12), since(12)),
      field("replica_id", &FetchRequest::replica_id, between(0, 14)),
      tagged<1>("replica_state", &FetchRequest::replica_state, since(15)),
      field("max_wait_ms", &FetchRequest::max_wait_ms, since(0)),
      field("min_bytes", &FetchRequest::min_bytes, since(0)),
      field("max_bytes", &FetchRequest::max_bytes, since(3)),
      field("isolation_level", &FetchRequest::isolation_level, since(4)),
      field("session_id", &FetchRequest::session_id, since(7)),
      field("session_epoch", &FetchRequest::session_epoch, since(7)),
      field("topics", &FetchRequest::topics, since(0)),
      field("forgotten_topics_data", &FetchRequest::forgotten_topics_data, since(7)),
      field("rack_id", &FetchRequest::rack_id, since(11)),
  };
};

// Where the follower's log and this one part (KIP-595).
struct EpochEndOffset {
  std::int32_t epoch = -1;
  std::int64_t end_offset = -1;

  bool operator==(const EpochEndOffset&) const = default;

  static constexpr auto fields = std::tuple{
      field("epoch", &EpochEndOffset::epoch, since(12)),
      field("end_offset", &EpochEndOffset::end_offset, since(12)),
  };
};

// What to fetch instead when the offset is below the log's start (KIP-630).
struct SnapshotId {
  std::int64_t end_offset = -1;
  std::int32_t epoch = -1;

  bool operator==(const SnapshotId&) const = default;

  static constexpr auto fields = std::tuple{
      field("end_offset", &SnapshotId::end_offset, since(0)),
      field("epoch", &SnapshotId::epoch, since(0)),
  };
};

// A read_committed consumer skips this producer's batches from first_offset on, up to its
// abort marker.
struct AbortedTransaction {
  std::int64_t producer_id = 0;
  std::int64_t first_offset = 0;

  static constexpr auto fields = std::tuple{
      field("producer_id", &AbortedTransaction::producer_id, since(4)),
      field("first_offset", &AbortedTransaction::first_offset, since(4)),
  };
};

// The offsets are -1 with an error. Records are whole batches, back to back, out of as
// many slices as they lie in; they are never null, which some clients cannot read.
// aborted_transactions is null unless the consumer asked for read_committed.
struct FetchablePartitionResponse {
  std::int32_t partition_index = 0;
  ErrorCode error_code = ErrorCode::none;
  std::int64_t high_watermark = 0;
  std::int64_t last_stable_offset = -1;
  std::int64_t log_start_offset = -1;
  EpochEndOffset diverging_epoch;
  LeaderIdAndEpoch current_leader;
  SnapshotId snapshot_id;
  std::optional<std::vector<AbortedTransaction>> aborted_transactions;
  std::int32_t preferred_read_replica = -1;
  std::vector<SharedBytes> records;

  static constexpr auto fields = std::tuple{
      field("partition_index", &FetchablePartitionResponse::partition_index, since(0)),
      field("error_code", &FetchablePartitionResponse::error_code, since(0)),
      field("high_watermark", &FetchablePartitionResponse::high_watermark, since(0)),
      field("last_stable_offset", &FetchablePartitionResponse::last_stable_offset, since(4)),
      field("log_start_offset", &FetchablePartitionResponse::log_start_offset, since(5)),
      tagged<0>("diverging_epoch", &FetchablePartitionResponse::diverging_epoch, since(12)),
      tagged<1>("current_leader", &FetchablePartitionResponse::current_leader, since(12)),
      tagged<2>("snapshot_id", &FetchablePartitionResponse::snapshot_id, since(12)),
      field("aborted_transactions", &FetchablePartitionResponse::aborted_transactions, since(4), since(4)),
      field("preferred_read_replica", &FetchablePartitionResponse::preferred_read_replica, since(11)),
      field("records", &FetchablePartitionResponse::records, since(0), since(0)),
  };
};

struct FetchableTopicResponse {
  std::string topic;
  Uuid topic_id;
  std::vector<FetchablePartitionResponse> partitions;

  static constexpr auto fields = std::tuple{
      field("topic", &FetchableTopicResponse::topic, between(0, 12)),
      field("topic_id", &FetchableTopicResponse::topic_id, since(13)),
      field("partitions", &FetchableTopicResponse::partitions, since(0)),
  };
};

// session_id 0: no session (KIP-227), always allowed.
struct FetchResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::none;
  std::int32_t session_id = no_fetch_session;
  std::vector<FetchableTopicResponse> responses;
  std::vector<NodeEndpoint> node_endpoints;

  static constexpr const char* name = "FetchResponse";
  static constexpr Versions complete = between(4, 17);
  static constexpr std::int16_t flexible_from = 12;
  static constexpr auto fields = std::tuple{
      field("throttle_time_ms", &FetchResponse::throttle_time_ms, since(1)),
      field("error_code", &FetchResponse::error_code, since(7)),
      field("session_id", &FetchResponse::session_id, since(7)),
      field("responses", &FetchResponse::responses, since(0)),
      tagged<0>("node_endpoints", &FetchResponse::node_endpoints, since(16)),
  };
};

} // namespace callboard::kafka
