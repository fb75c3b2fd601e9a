#pragma once

#include <cstdint>
#include <string_view>

namespace callboard {

// The one set of error codes. Values up to 128 are Kafka's, so that the Kafka door
// only casts; values from 1000 never leave the node as numbers.
// Switches over it are exhaustive and have no default.
enum class ErrorCode : std::int16_t {
  unknown_server_error = -1,
  none = 0,
  offset_out_of_range = 1,
  corrupt_message = 2,
  unknown_topic_or_partition = 3,
  leader_not_available = 5,
  not_leader_or_follower = 6,
  request_timed_out = 7,
  message_too_large = 10,
  offset_metadata_too_large = 12,
  network_exception = 13,
  coordinator_load_in_progress = 14,
  coordinator_not_available = 15,
  not_coordinator = 16,
  invalid_topic = 17,
  record_list_too_large = 18,
  not_enough_replicas = 19,
  not_enough_replicas_after_append = 20,
  invalid_required_acks = 21,
  illegal_generation = 22,
  inconsistent_group_protocol = 23,
  invalid_group_id = 24,
  unknown_member_id = 25,
  invalid_session_timeout = 26,
  rebalance_in_progress = 27,
  invalid_commit_offset_size = 28,
  cluster_authorization_failed = 31,
  invalid_timestamp = 32,
  unsupported_version = 35,
  topic_already_exists = 36,
  invalid_partitions = 37,
  invalid_replication_factor = 38,
  invalid_replica_assignment = 39,
  invalid_config = 40,
  not_controller = 41,
  invalid_request = 42,
  unsupported_for_message_format = 43,
  policy_violation = 44,
  out_of_order_sequence_number = 45,
  duplicate_sequence_number = 46,
  invalid_producer_epoch = 47,
  transactional_id_authorization_failed = 53,
  kafka_storage_error = 56,
  unknown_producer_id = 59,
  non_empty_group = 68,
  group_id_not_found = 69,
  fetch_session_id_not_found = 70,
  invalid_fetch_session_epoch = 71,
  fenced_leader_epoch = 74,
  unknown_leader_epoch = 75,
  unsupported_compression_type = 76,
  offset_not_available = 78,
  member_id_required = 79,
  preferred_leader_not_available = 80,
  group_max_size_reached = 81,
  fenced_instance_id = 82,
  election_not_needed = 84,
  no_reassignment_in_progress = 85,
  group_subscribed_to_topic = 86,
  invalid_record = 87,
  unstable_offset_commit = 88,
  unknown_topic_id = 100,
  duplicate_broker_registration = 101,
  broker_id_not_registered = 102,
  fetch_session_topic_id_error = 106,
  mismatched_endpoint_type = 114,
  unsupported_endpoint_type = 115,

  // Not on the Kafka wire.
  corrupt_storage = 1000,      // damaged or inconsistent bytes on disk
  storage_full = 1001,         // no space left for the write
  storage_io = 1002,           // the operating system refused a read or write
  newer_format = 1003,         // written by a newer Callboard; left untouched
  wrong_data_directory = 1004, // belongs to another node or cluster
  in_use = 1005,               // another process holds it
  invalid_argument = 1006,     // a person or caller gave something unusable
  shutting_down = 1007,
};

// The first value that is not Kafka's.
inline constexpr std::int16_t own_error_codes_from = 1000;

// The field's name of an error, as Kafka spells it: "UNKNOWN_TOPIC_OR_PARTITION".
std::string_view name_of(ErrorCode code);

// The code a Kafka client is sent for `code`: itself, or for the node's own codes
// the nearest that Kafka has (storage trouble: KAFKA_STORAGE_ERROR, retriable).
ErrorCode on_kafka_wire(ErrorCode code);

} // namespace callboard
