#include <set>

#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"

namespace callboard::kafka {
namespace {

// A command to the controller for each topic; answered once the moves are decided.
class AlterPartitionReassignmentsInFlight final : public InFlight {
public:
  AlterPartitionReassignmentsInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                                      AlterPartitionReassignmentsRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    response_.allow_replication_factor_change = request_.allow_replication_factor_change;
    if (request_.topics.size() > changes_max) {
      response_.error_code = ErrorCode::policy_violation;
      response_.error_message = too_many_changes;
      return finish();
    }
    std::set<std::string_view> seen, repeated;
    for (const auto& topic : request_.topics)
      if (!seen.insert(topic.name).second) repeated.insert(topic.name);
    for (std::size_t i = 0; i < request_.topics.size(); ++i) {
      const auto& topic = request_.topics[i];
      auto& place = response_.responses.emplace_back();
      place.name = topic.name;
      for (const auto& partition : topic.partitions)
        place.partitions.emplace_back().partition_index = partition.partition_index;
      if (repeated.contains(topic.name)) {
        refuse(place, ErrorCode::invalid_request, "The request names this topic more than once.");
        continue;
      }
      refuse(place, ErrorCode::request_timed_out, "The moves were not decided in time; they may still be.");
      ++waiting_;
      connection_.send_to(connection_.node().metadata(), AskController{connection_.self(), token(i), command(topic)});
    }
    if (waiting_ == 0)
      finish();
    else
      connection_.set_deadline(slot_, client_timeout(request_.timeout_ms));
  }

  void on(std::uint32_t index, ControllerAnswered& answer) override {
    auto& place = response_.responses[index];
    auto& outcome = answer.outcome;
    if (outcome.error != ErrorCode::none) {
      refuse(place, on_kafka_wire(outcome.error), outcome.message);
    } else {
      for (std::size_t i = 0; i < std::min(place.partitions.size(), outcome.partitions.size()); ++i) {
        auto& told = outcome.partitions[i];
        place.partitions[i].error_code = on_kafka_wire(told.error);
        place.partitions[i].error_message.reset();
        if (told.error != ErrorCode::none) place.partitions[i].error_message = std::move(told.message);
      }
    }
    if (--waiting_ == 0) finish();
  }

  void on_deadline() override { finish(); }

private:
  static void refuse(AlterReassignmentsTopicResult& place, ErrorCode error, const std::string& why) {
    for (auto& partition : place.partitions) {
      partition.error_code = error;
      partition.error_message = why;
    }
  }

  TopicMoving command(const AlterReassignmentsTopic& topic) const {
    TopicMoving moving;
    moving.command.name = topic.name;
    moving.command.allow_factor_change = request_.allow_replication_factor_change;
    for (const auto& partition : topic.partitions) {
      auto& move = moving.command.moves.emplace_back();
      move.partition = partition.partition_index;
      if (!partition.replicas) continue;
      auto& replicas = move.replicas.emplace();
      for (const auto node : *partition.replicas) replicas.emplace_back(node);
    }
    return moving;
  }

  void finish() { connection_.respond(slot_, encode_response(header_, response_)); }

  AlterPartitionReassignmentsRequest request_;
  AlterPartitionReassignmentsResponse response_;
  std::size_t waiting_ = 0;
};

} // namespace

Handling handle_alter_partition_reassignments(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                                              AlterPartitionReassignmentsRequest request) {
  return std::make_unique<AlterPartitionReassignmentsInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
