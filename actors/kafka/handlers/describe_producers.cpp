#include <set>

#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"

namespace callboard::kafka {
namespace {

constexpr auto answer_within = std::chrono::seconds(30);
// One answer lists at most this many; a partition remembers up to 16,384.
constexpr std::size_t producers_max = 100'000;

// Partitions are asked one after the other, each once, so that no more than one list is
// held beside the answer.
class DescribeProducersInFlight final : public InFlight {
public:
  DescribeProducersInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                            DescribeProducersRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    for (const auto& topic : request_.topics) {
      auto& answered = response_.topics.emplace_back();
      answered.name = topic.name;
      for (const auto partition : topic.partition_indexes) {
        auto& place = answered.partitions.emplace_back();
        place.partition_index = partition;
        place.error_code = ErrorCode::request_timed_out; // unless it answers
      }
    }
    for (auto& topic : response_.topics)
      for (auto& place : topic.partitions) places_.push_back({&topic.name, &place});
    connection_.set_deadline(slot_, answer_within);
    ask_next();
  }

  void on(std::uint32_t index, ProducersDescribed& answer) override {
    auto& place = *places_[index].partition;
    place.error_code = on_kafka_wire(answer.error);
    listed_ += answer.producers.size();
    if (listed_ > producers_max) {
      refuse(place, ErrorCode::policy_violation,
             "The answer would list more than 100,000 producers; ask for fewer partitions at once.");
    } else {
      place.active_producers.reserve(answer.producers.size());
      for (const auto& producer : answer.producers)
        place.active_producers.push_back(
            {producer.producer.value, producer.epoch, producer.last_sequence, producer.last_timestamp, -1, -1});
    }
    ask_next();
  }

  void on_deadline() override { finish(); }

private:
  struct Place {
    const std::string* topic;
    DescribeProducersPartition* partition;
  };

  void ask_next() {
    for (; next_ < places_.size(); ++next_) {
      auto& place = *places_[next_].partition;
      const auto* found = connection_.context().directory.find(*places_[next_].topic, place.partition_index);
      if (found == nullptr) {
        refuse(place, ErrorCode::unknown_topic_or_partition, "There is no such partition.");
      } else if (!seen_.insert(found->group).second) {
        refuse(place, ErrorCode::invalid_request, "The request names this partition more than once.");
      } else {
        connection_.send_to(found->actor, DescribeProducersOfPartition{connection_.self(), token(next_++)});
        return;
      }
    }
    finish();
  }

  static void refuse(DescribeProducersPartition& place, ErrorCode error, const char* message) {
    place.error_code = error;
    place.error_message = message;
  }

  void finish() { connection_.respond(slot_, encode_response(header_, response_)); }

  DescribeProducersRequest request_;
  DescribeProducersResponse response_;
  std::vector<Place> places_;
  std::set<GroupId> seen_;
  std::size_t next_ = 0;
  std::size_t listed_ = 0;
};

} // namespace

Handling handle_describe_producers(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                                   DescribeProducersRequest request) {
  return std::make_unique<DescribeProducersInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
