#include <algorithm>

#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"
#include "actors/kafka/leader_hint.h"

namespace callboard::kafka {
namespace {

constexpr std::int16_t zstd_since = 7; // KIP-110
// How many times its own size a cached batch may keep in memory.
constexpr std::size_t pinned_factor_max = 4;
constexpr std::size_t pinned_bytes_min = 16 << 10;

// A batch goes to each partition as one message; the response waits for all of them or
// for the client's timeout. With acks=0 nothing is answered, and an error closes the
// connection, since there is no other way to tell.
class ProduceInFlight final : public InFlight {
public:
  ProduceInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header, ProduceRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    response_.responses.reserve(request_.topic_data.size());
    for (const auto& topic : request_.topic_data)
      for (const auto& data : topic.partition_data) frame_bytes_ += data.records ? data.records->size() : 0;
    for (auto& topic : request_.topic_data) {
      auto& answered = response_.responses.emplace_back();
      answered.partition_responses.resize(topic.partition_data.size());
      for (std::size_t i = 0; i < topic.partition_data.size(); ++i)
        submit(topic.name, topic.partition_data[i], answered.partition_responses[i]);
      answered.name = std::move(topic.name);
    }
    index_places();
    if (waiting_ == 0 || request_.acks == 0) {
      finish();
      return;
    }
    connection_.set_deadline(slot_, client_timeout(request_.timeout_ms));
  }

  void on(std::uint32_t index, ProduceAnswer& answer) override {
    auto& place = *places_[index];
    if (place.error_code != pending) return;
    place.error_code = on_kafka_wire(answer.error);
    place.base_offset = answer.base_offset.value;
    place.log_append_time_ms = answer.log_append_time;
    place.log_start_offset = answer.log_start.value;
    if (!answer.message.empty()) place.error_message = std::move(answer.message);
    if (--waiting_ == 0) finish();
  }

  void on_deadline() override {
    for (auto* place : places_) {
      if (place->error_code != pending) continue;
      refuse(*place, ErrorCode::request_timed_out, "The batch was not committed in time; it may still be.");
    }
    finish();
  }

private:
  // Marks a partition whose answer is on its way.
  static constexpr auto pending = static_cast<ErrorCode>(std::numeric_limits<std::int16_t>::min());

  static void refuse(PartitionProduceResponse& place, ErrorCode error, std::string message) {
    place.error_code = error;
    place.base_offset = -1;
    place.error_message = std::move(message);
  }

  void submit(const std::string& topic, PartitionProduceData& data, PartitionProduceResponse& place) {
    place.index = data.index;
    const auto position = submitted_count_++;
    if (request_.transactional_id) {
      refuse(place, ErrorCode::invalid_request, "Transactions are not supported by this version.");
      return;
    }
    if (request_.acks < -1 || request_.acks > 1) {
      refuse(place, ErrorCode::invalid_required_acks, "acks must be -1, 0 or 1.");
      return;
    }
    const auto* partition = connection_.context().directory.find(topic, data.index);
    if (partition == nullptr) {
      refuse(place, ErrorCode::unknown_topic_or_partition, "There is no such topic or partition.");
      return;
    }
    if (partition->coordinator) {
      refuse(place, ErrorCode::invalid_topic, "This topic is the broker's own; only the broker writes to it.");
      return;
    }
    if (!data.records || data.records->empty()) {
      refuse(place, ErrorCode::invalid_record, "A produce request needs one record batch for each partition.");
      return;
    }
    auto checked = check_produced_batch(data.records->view());
    if (!checked) {
      refuse(place, checked.error().code, checked.error().message);
      return;
    }
    if (checked->codec() == Codec::zstd && header_.version < zstd_since) {
      refuse(place, ErrorCode::unsupported_compression_type, "zstd needs Produce version 7 or later.");
      return;
    }
    if (checked->transactional()) {
      refuse(place, ErrorCode::invalid_record, "Transactional batches are not supported by this version.");
      return;
    }
    place.error_code = pending;
    ++waiting_;
    ProduceToPartition message;
    message.from = connection_.self();
    message.token = token(position);
    message.command.acks = request_.acks;
    message.command.batch = unpinned(std::move(*data.records));
    message.command.header = *checked;
    connection_.send_to(partition->actor, std::move(message));
  }

  // A small batch out of a large frame would keep all of the frame in memory while it is
  // cached: it gets memory of its own.
  SharedBytes unpinned(SharedBytes batch) const {
    const bool pins = frame_bytes_ > pinned_bytes_min && batch.size() < frame_bytes_ / pinned_factor_max;
    return pins ? SharedBytes::copy_of(batch.view()) : batch;
  }

  void index_places() {
    places_.reserve(submitted_count_);
    for (auto& topic : response_.responses)
      for (auto& place : topic.partition_responses) places_.push_back(&place);
  }

  void name_leaders() {
    if (header_.version < produce_names_leader_since) return;
    for (auto& topic : response_.responses) {
      for (auto& place : topic.partition_responses) {
        if (place.error_code != ErrorCode::not_leader_or_follower) continue;
        const auto* partition = connection_.context().directory.find(topic.name, place.index);
        if (partition != nullptr) place.current_leader = name_leader(connection_, *partition, response_.node_endpoints);
      }
    }
  }

  void finish() {
    if (request_.acks != 0) {
      name_leaders();
      connection_.respond(slot_, encode_response(header_, response_));
      return;
    }
    const auto refused = std::find_if(places_.begin(), places_.end(), [](const auto* place) {
      return place->error_code != ErrorCode::none && place->error_code != pending;
    });
    if (refused == places_.end())
      connection_.respond_nothing(slot_);
    else
      connection_.fail("a batch sent with acks=0 was refused: " + (*refused)->error_message.value_or(""));
  }

  ProduceRequest request_;
  ProduceResponse response_;
  std::vector<PartitionProduceResponse*> places_;
  std::size_t waiting_ = 0;
  std::size_t submitted_count_ = 0;
  std::size_t frame_bytes_ = 0; // of all batches in the request
};

} // namespace

Handling handle_produce(KafkaConnection& connection, std::uint32_t slot, RequestHeader header, ProduceRequest request) {
  return std::make_unique<ProduceInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
