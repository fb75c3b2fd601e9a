#include <optional>

#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"

namespace callboard::kafka {
namespace {

constexpr auto answer_within = std::chrono::seconds(30);

// The first version that may ask for this timestamp; a time is no question of versions.
// nullopt: there is no such special one.
std::optional<std::int16_t> supported_since(std::int64_t timestamp) {
  if (timestamp >= 0) return 0;
  switch (timestamp) {
  case latest_timestamp:
  case earliest_timestamp: return 1;
  case max_timestamp: return 7;
  case earliest_local_timestamp: return 8;
  case latest_tiered_timestamp: return 9;
  default: return std::nullopt;
  }
}

class ListOffsetsInFlight final : public InFlight {
public:
  ListOffsetsInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header, ListOffsetsRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    for (const auto& topic : request_.topics) {
      auto& answered = response_.topics.emplace_back();
      answered.name = topic.name;
      answered.partitions.resize(topic.partitions.size());
    }
    for (auto& topic : response_.topics)
      for (auto& place : topic.partitions) places_.push_back(&place);
    std::size_t position = 0;
    for (const auto& topic : request_.topics)
      for (const auto& partition : topic.partitions) ask(topic.name, partition, position++);
    if (waiting_ == 0)
      finish();
    else
      connection_.set_deadline(slot_, answer_within);
  }

  void on(std::uint32_t index, OffsetAnswer& answer) override {
    auto& place = *places_[index];
    if (place.error_code != ErrorCode::request_timed_out) return;
    place.error_code = on_kafka_wire(answer.error);
    place.offset = answer.offset.value;
    place.timestamp = answer.timestamp;
    place.leader_epoch = answer.leader_epoch.value;
    if (--waiting_ == 0) finish();
  }

  void on_deadline() override { finish(); }

private:
  void ask(const std::string& topic, const ListOffsetsPartition& wanted, std::size_t position) {
    auto& place = *places_[position];
    place.partition_index = wanted.partition_index;
    const auto* partition = connection_.context().directory.find(topic, wanted.partition_index);
    if (partition == nullptr) {
      place.error_code = ErrorCode::unknown_topic_or_partition;
      return;
    }
    const auto since = supported_since(wanted.timestamp);
    if (!since || header_.version < *since) {
      place.error_code = ErrorCode::unsupported_version;
      return;
    }
    // Nothing is tiered: the earliest local offset is the earliest one.
    const auto timestamp = wanted.timestamp == earliest_local_timestamp ? earliest_timestamp : wanted.timestamp;
    place.error_code = ErrorCode::request_timed_out; // unless it answers
    ++waiting_;
    connection_.send_to(partition->actor, ListOffsetOfPartition{connection_.self(), token(position), timestamp,
                                                                wanted.current_leader_epoch});
  }

  void finish() { connection_.respond(slot_, encode_response(header_, response_)); }

  ListOffsetsRequest request_;
  ListOffsetsResponse response_;
  std::vector<ListOffsetsPartitionResponse*> places_;
  std::size_t waiting_ = 0;
};

} // namespace

Handling handle_list_offsets(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                             ListOffsetsRequest request) {
  return std::make_unique<ListOffsetsInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
