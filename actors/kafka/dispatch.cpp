#include "actors/kafka/handlers/handlers.h"
#include "schema/kafka/api.h"
#include "schema/kafka/wire.h"

namespace callboard::kafka {
namespace {

template <class Message>
using Handler = Handling (*)(KafkaConnection&, std::uint32_t, RequestHeader, Message);

template <class Message>
Result<Handling> decoded(Handler<Message> handle, KafkaConnection& connection, std::uint32_t slot, Request& request) {
  auto message = decode<Message>(request.body, request.header.version);
  if (!message) return message.error();
  return handle(connection, slot, std::move(request.header), std::move(*message));
}

} // namespace

Result<Handling> dispatch(KafkaConnection& connection, std::uint32_t slot, Request request) {
  switch (static_cast<ApiKey>(request.header.api_key)) {
  case ApiKey::produce: return decoded(&handle_produce, connection, slot, request);
  case ApiKey::fetch: return decoded(&handle_fetch, connection, slot, request);
  case ApiKey::list_offsets: return decoded(&handle_list_offsets, connection, slot, request);
  case ApiKey::metadata: return decoded(&handle_metadata, connection, slot, request);
  case ApiKey::find_coordinator: return decoded(&handle_find_coordinator, connection, slot, request);
  case ApiKey::join_group: return decoded(&handle_join_group, connection, slot, request);
  case ApiKey::sync_group: return decoded(&handle_sync_group, connection, slot, request);
  case ApiKey::heartbeat: return decoded(&handle_heartbeat, connection, slot, request);
  case ApiKey::leave_group: return decoded(&handle_leave_group, connection, slot, request);
  case ApiKey::offset_commit: return decoded(&handle_offset_commit, connection, slot, request);
  case ApiKey::offset_fetch: return decoded(&handle_offset_fetch, connection, slot, request);
  case ApiKey::offset_delete: return decoded(&handle_offset_delete, connection, slot, request);
  case ApiKey::list_groups: return decoded(&handle_list_groups, connection, slot, request);
  case ApiKey::describe_groups: return decoded(&handle_describe_groups, connection, slot, request);
  case ApiKey::delete_groups: return decoded(&handle_delete_groups, connection, slot, request);
  case ApiKey::create_topics: return decoded(&handle_create_topics, connection, slot, request);
  case ApiKey::delete_topics: return decoded(&handle_delete_topics, connection, slot, request);
  case ApiKey::init_producer_id: return decoded(&handle_init_producer_id, connection, slot, request);
  case ApiKey::offset_for_leader_epoch: return decoded(&handle_offset_for_leader_epoch, connection, slot, request);
  case ApiKey::describe_configs: return decoded(&handle_describe_configs, connection, slot, request);
  case ApiKey::describe_cluster: return decoded(&handle_describe_cluster, connection, slot, request);
  case ApiKey::alter_configs: return decoded(&handle_alter_configs, connection, slot, request);
  case ApiKey::create_partitions: return decoded(&handle_create_partitions, connection, slot, request);
  case ApiKey::delete_records: return decoded(&handle_delete_records, connection, slot, request);
  case ApiKey::describe_log_dirs: return decoded(&handle_describe_log_dirs, connection, slot, request);
  case ApiKey::describe_producers: return decoded(&handle_describe_producers, connection, slot, request);
  case ApiKey::describe_topic_partitions: return decoded(&handle_describe_topic_partitions, connection, slot, request);
  case ApiKey::incremental_alter_configs: return decoded(&handle_incremental_alter_configs, connection, slot, request);
  case ApiKey::alter_partition_reassignments:
    return decoded(&handle_alter_partition_reassignments, connection, slot, request);
  case ApiKey::list_partition_reassignments:
    return decoded(&handle_list_partition_reassignments, connection, slot, request);
  case ApiKey::elect_leaders: return decoded(&handle_elect_leaders, connection, slot, request);
  case ApiKey::api_versions: {
    // Of a version that is not served the body cannot be read; the answer says so.
    if (!api_of(ApiKey::api_versions).served.has(request.header.version))
      return handle_api_versions(connection, slot, std::move(request.header), {});
    return decoded(&handle_api_versions, connection, slot, request);
  }
  }
  return Error{ErrorCode::invalid_request, "No such API."}; // parse_request lets none through
}

} // namespace callboard::kafka
