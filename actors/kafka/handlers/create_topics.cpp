#include <set>

#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"
#include "actors/kafka/resource_configs.h"

namespace callboard::kafka {
namespace {

class CreateTopicsInFlight final : public InFlight {
public:
  CreateTopicsInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                       CreateTopicsRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    std::set<std::string_view> seen, repeated;
    for (const auto& topic : request_.topics)
      if (!seen.insert(topic.name).second) repeated.insert(topic.name);
    for (std::size_t i = 0; i < request_.topics.size(); ++i) {
      auto& place = response_.topics.emplace_back();
      place.name = request_.topics[i].name;
      if (request_.topics.size() > changes_max) {
        place.error_code = ErrorCode::policy_violation;
        place.error_message = too_many_changes;
      } else if (repeated.contains(place.name)) {
        place.error_code = ErrorCode::invalid_request;
        place.error_message = "The request names this topic more than once.";
      } else {
        place.error_code = ErrorCode::request_timed_out; // unless it answers
        ++waiting_;
        connection_.send_to(connection_.node().metadata(), command(request_.topics[i], i));
      }
    }
    if (waiting_ == 0)
      finish();
    else
      connection_.set_deadline(slot_, client_timeout(request_.timeout_ms));
  }

  void on(std::uint32_t index, TopicCreated& answer) override {
    auto& place = response_.topics[index];
    place.error_code = on_kafka_wire(answer.error);
    if (answer.error != ErrorCode::none) {
      place.error_message = std::move(answer.message);
    } else {
      place.topic_id = answer.topic.id;
      place.num_partitions = static_cast<std::int32_t>(answer.topic.groups.size());
      place.replication_factor = 1;
      auto& configs = place.configs.emplace();
      for (auto& config : configs_of_topic(answer.topic, connection_.node().config))
        configs.push_back({std::move(config.name), std::move(config.value), false, config.config_source, false});
    }
    if (--waiting_ == 0) finish();
  }

  void on_deadline() override {
    for (auto& place : response_.topics)
      if (place.error_code == ErrorCode::request_timed_out)
        place.error_message = "The topic was not created in time; it may still be.";
    finish();
  }

private:
  CreateTopic command(const CreatableTopic& topic, std::size_t index) {
    CreateTopic message;
    message.from = connection_.self();
    message.token = token(index);
    message.validate_only = request_.validate_only;
    message.command.name = topic.name;
    message.command.partitions = topic.num_partitions;
    message.command.replication_factor = topic.replication_factor;
    for (const auto& assignment : topic.assignments) {
      auto& wanted = message.command.assignments.emplace_back();
      wanted.partition = assignment.partition_index;
      for (auto node : assignment.broker_ids) wanted.replicas.push_back(NodeId{node});
    }
    for (const auto& config : topic.configs)
      message.command.configs.emplace_back(config.name, config.value.value_or(""));
    return message;
  }

  void finish() { connection_.respond(slot_, encode_response(header_, response_)); }

  CreateTopicsRequest request_;
  CreateTopicsResponse response_;
  std::size_t waiting_ = 0;
};

} // namespace

Handling handle_create_topics(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                              CreateTopicsRequest request) {
  return std::make_unique<CreateTopicsInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
