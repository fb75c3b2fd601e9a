#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"
#include "schema/internal_topics.h"

namespace callboard::kafka {
namespace {

// A partition answers once its log starts there on a majority.
class DeleteRecordsInFlight final : public InFlight {
public:
  DeleteRecordsInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                        DeleteRecordsRequest request)
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
      connection_.set_deadline(slot_, client_timeout(request_.timeout_ms));
  }

  void on(std::uint32_t index, RecordsDeleted& answer) override {
    auto& place = *places_[index];
    place.error_code = on_kafka_wire(answer.error);
    place.low_watermark = answer.log_start.value;
    if (--waiting_ == 0) finish();
  }

  void on_deadline() override { finish(); }

private:
  void ask(const std::string& topic, const DeleteRecordsPartition& wanted, std::size_t position) {
    auto& place = *places_[position];
    place.partition_index = wanted.partition_index;
    const auto* partition = connection_.context().directory.find(topic, wanted.partition_index);
    if (is_internal_topic(topic)) {
      place.error_code = ErrorCode::invalid_topic;
    } else if (partition == nullptr) {
      place.error_code = ErrorCode::unknown_topic_or_partition;
    } else {
      place.error_code = ErrorCode::request_timed_out; // unless it answers
      ++waiting_;
      connection_.send_to(partition->actor,
                          DeleteRecordsOfPartition{connection_.self(), token(position), wanted.offset});
    }
  }

  void finish() { connection_.respond(slot_, encode_response(header_, response_)); }

  DeleteRecordsRequest request_;
  DeleteRecordsResponse response_;
  std::vector<DeleteRecordsPartitionResult*> places_;
  std::size_t waiting_ = 0;
};

} // namespace

Handling handle_delete_records(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                               DeleteRecordsRequest request) {
  return std::make_unique<DeleteRecordsInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
