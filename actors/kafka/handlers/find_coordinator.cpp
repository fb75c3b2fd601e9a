#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"
#include "schema/group_rows.h"
#include "schema/internal_topics.h"

namespace callboard::kafka {
namespace {

constexpr std::int16_t several_keys_since = 4; // KIP-699
constexpr auto creation_within = std::chrono::seconds(10);

// The first request for a group's coordinator creates the partitions that coordinate.
class FindCoordinatorInFlight final : public InFlight {
public:
  FindCoordinatorInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                          FindCoordinatorRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    if (header_.version < several_keys_since) request_.coordinator_keys = {std::move(request_.key)};
    if (request_.key_type != coordinator_of_group || there_already()) {
      finish();
      return;
    }
    CreateTopic message;
    message.from = connection_.self();
    message.token = token(0);
    message.command.name = consumer_offsets_topic;
    message.command.partitions = consumer_offsets_partitions;
    message.command.internal = true;
    connection_.send_to(connection_.node().metadata(), std::move(message));
    connection_.set_deadline(slot_, creation_within);
  }

  // If somebody else was faster the topic may be there in a moment: the client asks again.
  void on(std::uint32_t, TopicCreated&) override { finish(); }
  void on_deadline() override { finish(); }

private:
  bool there_already() const { return connection_.context().directory.find(consumer_offsets_topic) != nullptr; }

  void finish() {
    FindCoordinatorResponse response;
    for (auto& key : request_.coordinator_keys) response.coordinators.push_back(find(std::move(key)));
    if (header_.version < several_keys_since) {
      auto& only = response.coordinators.front();
      response.error_code = only.error_code;
      response.error_message = std::move(only.error_message);
      response.node_id = only.node_id;
      response.host = std::move(only.host);
      response.port = only.port;
    }
    connection_.respond(slot_, encode_response(header_, response));
  }

  Coordinator find(std::string key) const {
    Coordinator found;
    if (const auto refusal = refuse(key); refusal) {
      found.error_code = refusal->code;
      found.error_message = refusal->message;
    } else {
      const auto broker = connection_.live_nodes().find(leader_for(key));
      found.node_id = broker->node.value;
      found.host = broker->address.host;
      found.port = broker->address.port;
    }
    found.key = std::move(key);
    return found;
  }

  NodeId leader_for(const std::string& group) const {
    const auto* partition = connection_.context().directory.find(consumer_offsets_topic, group_partition(group));
    return partition == nullptr ? no_node : partition->leader;
  }

  std::optional<Error> refuse(const std::string& key) const {
    if (request_.key_type == coordinator_of_transaction)
      return Error{ErrorCode::coordinator_not_available, "Transactions come with a later version."};
    if (request_.key_type != coordinator_of_group)
      return Error{ErrorCode::invalid_request, "A coordinator is that of a group (0) or of a transaction (1)."};
    if (const auto checked = check_group_id(key); !checked) return checked.error();
    if (!connection_.live_nodes().is_up(leader_for(key)))
      return Error{ErrorCode::coordinator_not_available, "The group's coordinator is not there yet; ask again."};
    return std::nullopt;
  }

  FindCoordinatorRequest request_;
};

} // namespace

Handling handle_find_coordinator(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                                 FindCoordinatorRequest request) {
  return std::make_unique<FindCoordinatorInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
