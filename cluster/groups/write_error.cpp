#include "cluster/groups/write_error.h"

namespace callboard::groups {
namespace {

bool will_pass(ErrorCode code) {
  return code == ErrorCode::unknown_topic_or_partition || code == ErrorCode::not_enough_replicas ||
         code == ErrorCode::not_enough_replicas_after_append || code == ErrorCode::request_timed_out ||
         code == ErrorCode::storage_full;
}

bool lies_with_this_node(ErrorCode code) {
  return code == ErrorCode::not_leader_or_follower || code == ErrorCode::kafka_storage_error ||
         static_cast<std::int16_t>(code) >= own_error_codes_from;
}

bool is_too_large(ErrorCode code) {
  return code == ErrorCode::message_too_large || code == ErrorCode::record_list_too_large;
}

ErrorCode mapped(ErrorCode code, ErrorCode too_large) {
  if (will_pass(code)) return ErrorCode::coordinator_not_available;
  if (lies_with_this_node(code)) return ErrorCode::not_coordinator;
  return is_too_large(code) ? too_large : code;
}

} // namespace

Error as_group_error(const Error& write) {
  return {mapped(write.code, ErrorCode::unknown_server_error), write.message};
}

Error as_commit_error(const Error& write) {
  return {mapped(write.code, ErrorCode::invalid_commit_offset_size), write.message};
}

} // namespace callboard::groups
