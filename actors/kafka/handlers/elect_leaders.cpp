#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"

namespace callboard::kafka {
namespace {

// Preferred leaders only: a replica that may lack what was acknowledged is never made leader.
class ElectLeadersInFlight final : public InFlight {
public:
  ElectLeadersInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                       ElectLeadersRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    if (request_.election_type != election_preferred) return refuse(ErrorCode::invalid_request);
    LeaderElection election;
    election.all = !request_.topic_partitions;
    if (request_.topic_partitions)
      for (const auto& [topic, partitions] : *request_.topic_partitions)
        election.partitions.push_back({topic, partitions});
    connection_.send_to(connection_.node().metadata(),
                        AskController{connection_.self(), token(0), std::move(election)});
    connection_.set_deadline(slot_, client_timeout(request_.timeout_ms));
  }

  void on(std::uint32_t, ControllerAnswered& answer) override {
    if (answer.outcome.error != ErrorCode::none) return refuse(on_kafka_wire(answer.outcome.error));
    ElectLeadersResponse response;
    for (auto& told : answer.outcome.partitions)
      add(response, told.topic, told.partition, on_kafka_wire(told.error), std::move(told.message));
    finish(response);
  }

  void on_deadline() override { refuse(ErrorCode::request_timed_out); }

private:
  // As a whole, and each partition, since version 0 has no place for the former.
  void refuse(ErrorCode error) {
    ElectLeadersResponse response;
    response.error_code = error;
    if (request_.topic_partitions)
      for (const auto& [topic, partitions] : *request_.topic_partitions)
        for (const auto partition : partitions) add(response, topic, partition, error, {});
    finish(response);
  }

  static void add(ElectLeadersResponse& response, const std::string& topic, std::int32_t partition, ErrorCode error,
                  std::string message) {
    auto& topics = response.replica_election_results;
    if (topics.empty() || topics.back().topic != topic) topics.emplace_back().topic = topic;
    auto& place = topics.back().partition_result.emplace_back();
    place.partition_id = partition;
    place.error_code = error;
    if (error != ErrorCode::none && !message.empty()) place.error_message = std::move(message);
  }

  void finish(const ElectLeadersResponse& response) { connection_.respond(slot_, encode_response(header_, response)); }

  ElectLeadersRequest request_;
};

} // namespace

Handling handle_elect_leaders(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                              ElectLeadersRequest request) {
  return std::make_unique<ElectLeadersInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
