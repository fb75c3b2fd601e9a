#include "schema/error_code.h"

namespace callboard {

std::string_view name_of(ErrorCode code) {
  switch (code) {
  case ErrorCode::unknown_server_error: return "UNKNOWN_SERVER_ERROR";
  case ErrorCode::none: return "NONE";
  case ErrorCode::offset_out_of_range: return "OFFSET_OUT_OF_RANGE";
  case ErrorCode::corrupt_message: return "CORRUPT_MESSAGE";
  case ErrorCode::unknown_topic_or_partition: return "UNKNOWN_TOPIC_OR_PARTITION";
  case ErrorCode::leader_not_available: return "LEADER_NOT_AVAILABLE";
  case ErrorCode::not_leader_or_follower: return "NOT_LEADER_OR_FOLLOWER";
  case ErrorCode::request_timed_out: return "REQUEST_TIMED_OUT";
  case ErrorCode::message_too_large: return "MESSAGE_TOO_LARGE";
  case ErrorCode::offset_metadata_too_large: return "OFFSET_METADATA_TOO_LARGE";
  case ErrorCode::network_exception: return "NETWORK_EXCEPTION";
  case ErrorCode::coordinator_load_in_progress: return "COORDINATOR_LOAD_IN_PROGRESS";
  case ErrorCode::coordinator_not_available: return "COORDINATOR_NOT_AVAILABLE";
  case ErrorCode::not_coordinator: return "NOT_COORDINATOR";
  case ErrorCode::invalid_topic: return "INVALID_TOPIC_EXCEPTION";
  case ErrorCode::record_list_too_large: return "RECORD_LIST_TOO_LARGE";
  case ErrorCode::not_enough_replicas: return "NOT_ENOUGH_REPLICAS";
  case ErrorCode::not_enough_replicas_after_append: return "NOT_ENOUGH_REPLICAS_AFTER_APPEND";
  case ErrorCode::invalid_required_acks: return "INVALID_REQUIRED_ACKS";
  case ErrorCode::illegal_generation: return "ILLEGAL_GENERATION";
  case ErrorCode::inconsistent_group_protocol: return "INCONSISTENT_GROUP_PROTOCOL";
  case ErrorCode::invalid_group_id: return "INVALID_GROUP_ID";
  case ErrorCode::unknown_member_id: return "UNKNOWN_MEMBER_ID";
  case ErrorCode::invalid_session_timeout: return "INVALID_SESSION_TIMEOUT";
  case ErrorCode::rebalance_in_progress: return "REBALANCE_IN_PROGRESS";
  case ErrorCode::invalid_commit_offset_size: return "INVALID_COMMIT_OFFSET_SIZE";
  case ErrorCode::cluster_authorization_failed: return "CLUSTER_AUTHORIZATION_FAILED";
  case ErrorCode::invalid_timestamp: return "INVALID_TIMESTAMP";
  case ErrorCode::unsupported_version: return "UNSUPPORTED_VERSION";
  case ErrorCode::topic_already_exists: return "TOPIC_ALREADY_EXISTS";
  case ErrorCode::invalid_partitions: return "INVALID_PARTITIONS";
  case ErrorCode::invalid_replication_factor: return "INVALID_REPLICATION_FACTOR";
  case ErrorCode::invalid_replica_assignment: return "INVALID_REPLICA_ASSIGNMENT";
  case ErrorCode::invalid_config: return "INVALID_CONFIG";
  case ErrorCode::not_controller: return "NOT_CONTROLLER";
  case ErrorCode::invalid_request: return "INVALID_REQUEST";
  case ErrorCode::unsupported_for_message_format: return "UNSUPPORTED_FOR_MESSAGE_FORMAT";
  case ErrorCode::policy_violation: return "POLICY_VIOLATION";
  case ErrorCode::out_of_order_sequence_number: return "OUT_OF_ORDER_SEQUENCE_NUMBER";
  case ErrorCode::duplicate_sequence_number: return "DUPLICATE_SEQUENCE_NUMBER";
  case ErrorCode::invalid_producer_epoch: return "INVALID_PRODUCER_EPOCH";
  case ErrorCode::transactional_id_authorization_failed: return "TRANSACTIONAL_ID_AUTHORIZATION_FAILED";
  case ErrorCode::kafka_storage_error: return "KAFKA_STORAGE_ERROR";
  case ErrorCode::unknown_producer_id: return "UNKNOWN_PRODUCER_ID";
  case ErrorCode::non_empty_group: return "NON_EMPTY_GROUP";
  case ErrorCode::group_id_not_found: return "GROUP_ID_NOT_FOUND";
  case ErrorCode::fetch_session_id_not_found: return "FETCH_SESSION_ID_NOT_FOUND";
  case ErrorCode::invalid_fetch_session_epoch: return "INVALID_FETCH_SESSION_EPOCH";
  case ErrorCode::fenced_leader_epoch: return "FENCED_LEADER_EPOCH";
  case ErrorCode::unknown_leader_epoch: return "UNKNOWN_LEADER_EPOCH";
  case ErrorCode::unsupported_compression_type: return "UNSUPPORTED_COMPRESSION_TYPE";
  case ErrorCode::offset_not_available: return "OFFSET_NOT_AVAILABLE";
  case ErrorCode::member_id_required: return "MEMBER_ID_REQUIRED";
  case ErrorCode::preferred_leader_not_available: return "PREFERRED_LEADER_NOT_AVAILABLE";
  case ErrorCode::group_max_size_reached: return "GROUP_MAX_SIZE_REACHED";
  case ErrorCode::fenced_instance_id: return "FENCED_INSTANCE_ID";
  case ErrorCode::election_not_needed: return "ELECTION_NOT_NEEDED";
  case ErrorCode::no_reassignment_in_progress: return "NO_REASSIGNMENT_IN_PROGRESS";
  case ErrorCode::group_subscribed_to_topic: return "GROUP_SUBSCRIBED_TO_TOPIC";
  case ErrorCode::invalid_record: return "INVALID_RECORD";
  case ErrorCode::unstable_offset_commit: return "UNSTABLE_OFFSET_COMMIT";
  case ErrorCode::unknown_topic_id: return "UNKNOWN_TOPIC_ID";
  case ErrorCode::duplicate_broker_registration: return "DUPLICATE_BROKER_REGISTRATION";
  case ErrorCode::broker_id_not_registered: return "BROKER_ID_NOT_REGISTERED";
  case ErrorCode::fetch_session_topic_id_error: return "FETCH_SESSION_TOPIC_ID_ERROR";
  case ErrorCode::mismatched_endpoint_type: return "MISMATCHED_ENDPOINT_TYPE";
  case ErrorCode::unsupported_endpoint_type: return "UNSUPPORTED_ENDPOINT_TYPE";
  case ErrorCode::corrupt_storage: return "CORRUPT_STORAGE";
  case ErrorCode::storage_full: return "STORAGE_FULL";
  case ErrorCode::storage_io: return "STORAGE_IO";
  case ErrorCode::newer_format: return "NEWER_FORMAT";
  case ErrorCode::wrong_data_directory: return "WRONG_DATA_DIRECTORY";
  case ErrorCode::in_use: return "IN_USE";
  case ErrorCode::invalid_argument: return "INVALID_ARGUMENT";
  case ErrorCode::shutting_down: return "SHUTTING_DOWN";
  }
  return "UNKNOWN_SERVER_ERROR";
}

ErrorCode on_kafka_wire(ErrorCode code) {
  switch (code) {
  case ErrorCode::corrupt_storage:
  case ErrorCode::storage_full:
  case ErrorCode::storage_io:
  case ErrorCode::newer_format:
  case ErrorCode::wrong_data_directory: return ErrorCode::kafka_storage_error;
  case ErrorCode::in_use: return ErrorCode::unknown_server_error;
  case ErrorCode::invalid_argument: return ErrorCode::invalid_request;
  case ErrorCode::shutting_down: return ErrorCode::not_leader_or_follower;
  case ErrorCode::unknown_server_error:
  case ErrorCode::none:
  case ErrorCode::offset_out_of_range:
  case ErrorCode::corrupt_message:
  case ErrorCode::unknown_topic_or_partition:
  case ErrorCode::leader_not_available:
  case ErrorCode::not_leader_or_follower:
  case ErrorCode::request_timed_out:
  case ErrorCode::message_too_large:
  case ErrorCode::offset_metadata_too_large:
  case ErrorCode::network_exception:
  case ErrorCode::coordinator_load_in_progress:
  case ErrorCode::coordinator_not_available:
  case ErrorCode::not_coordinator:
  case ErrorCode::invalid_topic:
  case ErrorCode::record_list_too_large:
  case ErrorCode::not_enough_replicas:
  case ErrorCode::not_enough_replicas_after_append:
  case ErrorCode::invalid_required_acks:
  case ErrorCode::illegal_generation:
  case ErrorCode::inconsistent_group_protocol:
  case ErrorCode::invalid_group_id:
  case ErrorCode::unknown_member_id:
  case ErrorCode::invalid_session_timeout:
  case ErrorCode::rebalance_in_progress:
  case ErrorCode::invalid_commit_offset_size:
  case ErrorCode::cluster_authorization_failed:
  case ErrorCode::invalid_timestamp:
  case ErrorCode::unsupported_version:
  case ErrorCode::topic_already_exists:
  case ErrorCode::invalid_partitions:
  case ErrorCode::invalid_replication_factor:
  case ErrorCode::invalid_replica_assignment:
  case ErrorCode::invalid_config:
  case ErrorCode::not_controller:
  case ErrorCode::invalid_request:
  case ErrorCode::unsupported_for_message_format:
  case ErrorCode::policy_violation:
  case ErrorCode::out_of_order_sequence_number:
  case ErrorCode::duplicate_sequence_number:
  case ErrorCode::invalid_producer_epoch:
  case ErrorCode::transactional_id_authorization_failed:
  case ErrorCode::kafka_storage_error:
  case ErrorCode::unknown_producer_id:
  case ErrorCode::non_empty_group:
  case ErrorCode::group_id_not_found:
  case ErrorCode::fetch_session_id_not_found:
  case ErrorCode::invalid_fetch_session_epoch:
  case ErrorCode::fenced_leader_epoch:
  case ErrorCode::unknown_leader_epoch:
  case ErrorCode::unsupported_compression_type:
  case ErrorCode::offset_not_available:
  case ErrorCode::member_id_required:
  case ErrorCode::preferred_leader_not_available:
  case ErrorCode::group_max_size_reached:
  case ErrorCode::fenced_instance_id:
  case ErrorCode::election_not_needed:
  case ErrorCode::no_reassignment_in_progress:
  case ErrorCode::group_subscribed_to_topic:
  case ErrorCode::invalid_record:
  case ErrorCode::unstable_offset_commit:
  case ErrorCode::unknown_topic_id:
  case ErrorCode::duplicate_broker_registration:
  case ErrorCode::broker_id_not_registered:
  case ErrorCode::fetch_session_topic_id_error:
  case ErrorCode::mismatched_endpoint_type:
  case ErrorCode::unsupported_endpoint_type: return code;
  }
  return static_cast<std::int16_t>(code) < own_error_codes_from ? code : ErrorCode::unknown_server_error;
}

} // namespace callboard
