#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"

namespace callboard::kafka {
namespace {

constexpr auto answer_within = std::chrono::seconds(30);

class OffsetForLeaderEpochInFlight final : public InFlight {
public:
  OffsetForLeaderEpochInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                               OffsetForLeaderEpochRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    for (const auto& topic : request_.topics) {
      auto& answered = response_.topics.emplace_back();
      answered.topic = topic.topic;
      answered.partitions.resize(topic.partitions.size());
    }
    for (auto& topic : response_.topics)
      for (auto& place : topic.partitions) places_.push_back(&place);
    std::size_t position = 0;
    for (const auto& topic : request_.topics)
      for (const auto& partition : topic.partitions) ask(topic.topic, partition, position++);
    if (waiting_ == 0)
      finish();
    else
      connection_.set_deadline(slot_, answer_within);
  }

  void on(std::uint32_t index, OffsetAnswer& answer) override {
    auto& place = *places_[index];
    if (place.error_code != ErrorCode::request_timed_out) return;
    place.error_code = on_kafka_wire(answer.error);
    place.leader_epoch = answer.leader_epoch.value;
    place.end_offset = answer.offset.value;
    if (--waiting_ == 0) finish();
  }

  void on_deadline() override { finish(); }

private:
  void ask(const std::string& topic, const OffsetForLeaderPartition& wanted, std::size_t position) {
    auto& place = *places_[position];
    place.partition = wanted.partition;
    const auto* partition = connection_.context().directory.find(topic, wanted.partition);
    if (partition == nullptr) {
      place.error_code = ErrorCode::unknown_topic_or_partition;
      return;
    }
    place.error_code = ErrorCode::request_timed_out; // unless it answers
    ++waiting_;
    connection_.send_to(partition->actor, FindEpochEnd{connection_.self(), token(position), wanted.leader_epoch,
                                                       wanted.current_leader_epoch});
  }

  void finish() { connection_.respond(slot_, encode_response(header_, response_)); }

  OffsetForLeaderEpochRequest request_;
  OffsetForLeaderEpochResponse response_;
  std::vector<OffsetForLeaderPartitionResponse*> places_;
  std::size_t waiting_ = 0;
};

} // namespace

Handling handle_offset_for_leader_epoch(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                                        OffsetForLeaderEpochRequest request) {
  return std::make_unique<OffsetForLeaderEpochInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
