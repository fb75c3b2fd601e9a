#include <vector>

#include "actors/kafka/handlers/group_request.h"

namespace callboard::kafka {
namespace {

constexpr auto answer_within = std::chrono::seconds(30);

// Offsets of topics that do not exist are refused one by one; what is left is one decision
// of the group.
class OffsetCommitInFlight final : public GroupInFlight {
public:
  OffsetCommitInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                       OffsetCommitRequest request)
    : GroupInFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    groups::CommitCommand commit;
    commit.generation = request_.generation_id;
    commit.member_id = request_.member_id;
    commit.instance_id = request_.group_instance_id;
    response_.topics.reserve(request_.topics.size());
    for (auto& topic : request_.topics) {
      auto& answered = response_.topics.emplace_back();
      answered.partitions.resize(topic.partitions.size());
      for (std::size_t i = 0; i < topic.partitions.size(); ++i)
        add(topic, topic.partitions[i], answered.partitions[i], commit);
      answered.name = std::move(topic.name);
    }
    if (const auto error = ask(0, request_.group_id, std::move(commit)); error != ErrorCode::none) {
      refuse_all(error);
      finish();
    } else {
      connection_.set_deadline(slot_, answer_within);
    }
  }

  void on(std::uint32_t, GroupAnswer& answer) override {
    if (answer.refused != ErrorCode::none) {
      refuse_all(on_kafka_wire(answer.refused));
    } else {
      const auto& outcome = outcome_of<groups::OffsetsOutcome>(answer);
      for (std::size_t i = 0; i < asked_.size(); ++i) asked_[i]->error_code = on_kafka_wire(outcome.partitions[i]);
    }
    finish();
  }

private:
  void add(const OffsetCommitTopic& topic, OffsetCommitPartition& wanted, OffsetCommitPartitionResponse& place,
           groups::CommitCommand& commit) {
    place.partition_index = wanted.partition_index;
    const auto* found = connection_.context().directory.find(topic.name);
    const auto count = found == nullptr ? 0 : found->partitions.size();
    if (wanted.partition_index < 0 || static_cast<std::size_t>(wanted.partition_index) >= count) {
      place.error_code = ErrorCode::unknown_topic_or_partition;
      return;
    }
    place.error_code = ErrorCode::request_timed_out; // unless it answers
    asked_.push_back(&place);
    commit.partitions.push_back({topic.name, found->record->id, wanted.partition_index, Offset{wanted.committed_offset},
                                 wanted.committed_leader_epoch, std::move(wanted.committed_metadata).value_or("")});
  }

  void refuse_all(ErrorCode error) {
    for (auto* place : asked_) place->error_code = error;
  }

  void finish() override { respond(response_); }

  OffsetCommitRequest request_;
  OffsetCommitResponse response_;
  std::vector<OffsetCommitPartitionResponse*> asked_; // in the order of the command
};

} // namespace

Handling handle_offset_commit(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                              OffsetCommitRequest request) {
  return std::make_unique<OffsetCommitInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
