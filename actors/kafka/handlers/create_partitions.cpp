#include <set>

#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"

namespace callboard::kafka {
namespace {

class CreatePartitionsInFlight final : public InFlight {
public:
  CreatePartitionsInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                           CreatePartitionsRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    std::set<std::string_view> seen, repeated;
    for (const auto& topic : request_.topics)
      if (!seen.insert(topic.name).second) repeated.insert(topic.name);
    for (std::size_t i = 0; i < request_.topics.size(); ++i) {
      const auto& topic = request_.topics[i];
      auto& place = response_.results.emplace_back();
      place.name = topic.name;
      if (request_.topics.size() > changes_max) {
        place.error_code = ErrorCode::policy_violation;
        place.error_message = too_many_changes;
      } else if (repeated.contains(topic.name)) {
        place.error_code = ErrorCode::invalid_request;
        place.error_message = "The request names this topic more than once.";
      } else {
        place.error_code = ErrorCode::request_timed_out; // unless it answers
        ++waiting_;
        connection_.send_to(connection_.node().metadata(), command(topic, i));
      }
    }
    if (waiting_ == 0)
      finish();
    else
      connection_.set_deadline(slot_, client_timeout(request_.timeout_ms));
  }

  void on(std::uint32_t index, TopicChanged& answer) override {
    auto& place = response_.results[index];
    place.error_code = on_kafka_wire(answer.error);
    if (answer.error != ErrorCode::none) place.error_message = std::move(answer.message);
    if (--waiting_ == 0) finish();
  }

  void on_deadline() override {
    for (auto& place : response_.results)
      if (place.error_code == ErrorCode::request_timed_out)
        place.error_message = "The partitions were not added in time; they may still be.";
    finish();
  }

private:
  AddPartitions command(const CreatePartitionsTopic& topic, std::size_t index) {
    AddPartitions message;
    message.from = connection_.self();
    message.token = token(index);
    message.validate_only = request_.validate_only;
    message.command.name = topic.name;
    message.command.count = topic.count;
    if (!topic.assignments) return message;
    auto& wanted = message.command.assignments.emplace();
    for (const auto& assignment : *topic.assignments) {
      auto& replicas = wanted.emplace_back();
      for (auto node : assignment.broker_ids) replicas.push_back(NodeId{node});
    }
    return message;
  }

  void finish() { connection_.respond(slot_, encode_response(header_, response_)); }

  CreatePartitionsRequest request_;
  CreatePartitionsResponse response_;
  std::size_t waiting_ = 0;
};

} // namespace

Handling handle_create_partitions(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                                  CreatePartitionsRequest request) {
  return std::make_unique<CreatePartitionsInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
