#include <algorithm>

#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"

namespace callboard::kafka {
namespace {

bool contains(const std::vector<NodeId>& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

OngoingReassignment reassignment_of(const ListedMove& move) {
  OngoingReassignment out;
  out.partition_index = move.partition;
  for (const auto node : move.wanted) {
    out.replicas.push_back(node.value);
    if (!contains(move.now, node)) out.adding_replicas.push_back(node.value);
  }
  for (const auto node : move.now) {
    if (contains(move.wanted, node)) continue;
    out.replicas.push_back(node.value);
    out.removing_replicas.push_back(node.value);
  }
  return out;
}

// What moves, as this node knows.
class ListPartitionReassignmentsInFlight final : public InFlight {
public:
  ListPartitionReassignmentsInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                                     ListPartitionReassignmentsRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    connection_.send_to(connection_.node().metadata(), ListMoves{connection_.self(), token(0)});
    connection_.set_deadline(slot_, client_timeout(request_.timeout_ms));
  }

  void on(std::uint32_t, MovesListed& answer) override {
    ListPartitionReassignmentsResponse response;
    for (const auto& move : answer.moves) {
      if (!is_asked_for(move)) continue;
      auto& topics = response.topics;
      if (topics.empty() || topics.back().name != move.topic) topics.emplace_back().name = move.topic;
      topics.back().partitions.push_back(reassignment_of(move));
    }
    finish(response);
  }

  void on_deadline() override {
    ListPartitionReassignmentsResponse response;
    response.error_code = ErrorCode::request_timed_out;
    finish(response);
  }

private:
  bool is_asked_for(const ListedMove& move) const {
    if (!request_.topics) return true;
    return std::any_of(request_.topics->begin(), request_.topics->end(), [&](const auto& topic) {
      const auto& partitions = topic.partition_indexes;
      return topic.name == move.topic &&
             std::find(partitions.begin(), partitions.end(), move.partition) != partitions.end();
    });
  }

  void finish(const ListPartitionReassignmentsResponse& response) {
    connection_.respond(slot_, encode_response(header_, response));
  }

  ListPartitionReassignmentsRequest request_;
};

} // namespace

Handling handle_list_partition_reassignments(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                                             ListPartitionReassignmentsRequest request) {
  return std::make_unique<ListPartitionReassignmentsInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
