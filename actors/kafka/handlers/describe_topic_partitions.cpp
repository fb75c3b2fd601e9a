#include <algorithm>
#include <set>

#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"
#include "actors/kafka/topic_answers.h"

namespace callboard::kafka {
namespace {

// Of one answer, whatever the client asks for (Kafka's max.request.partition.size.limit).
constexpr std::int32_t partitions_max = 2'000;

// Topics by name, from the cursor on, until the answer is full; a cursor says where the
// next one goes on (KIP-966).
class DescribeTopicPartitionsInFlight final : public InFlight {
public:
  DescribeTopicPartitionsInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                                  DescribeTopicPartitionsRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    room_ = static_cast<std::size_t>(std::clamp(request_.response_partition_limit, 1, partitions_max));
    if (request_.cursor && request_.cursor->partition_index < 0)
      refuse_cursor();
    else if (request_.topics.empty())
      describe_all();
    else
      describe_named();
    connection_.respond(slot_, encode_response(header_, response_));
  }

private:
  void describe_all() {
    const auto& topics = connection_.context().directory.topics();
    auto next = request_.cursor ? topics.lower_bound(request_.cursor->topic_name) : topics.begin();
    while (next != topics.end() && describe(*next->second)) ++next;
  }

  void describe_named() {
    std::set<std::string_view> names;
    for (const auto& topic : request_.topics) names.insert(topic.name);
    auto next = request_.cursor ? names.lower_bound(request_.cursor->topic_name) : names.begin();
    for (; next != names.end(); ++next) {
      const auto* topic = connection_.context().directory.find(*next);
      if (topic == nullptr)
        describe_missing(*next);
      else if (!describe(*topic))
        return;
    }
  }

  void describe_missing(std::string_view name) {
    auto& answer = response_.topics.emplace_back();
    answer.name = name;
    const auto valid = metadata::check_topic_name(name);
    answer.error_code = valid ? ErrorCode::unknown_topic_or_partition : valid.error().code;
  }

  // False: the answer is full, and says where to go on.
  bool describe(const TopicRef& topic) {
    const auto& name = topic.record->name;
    const bool resumed = request_.cursor && request_.cursor->topic_name == name;
    auto partition = resumed ? static_cast<std::size_t>(request_.cursor->partition_index) : std::size_t{0};
    if (room_ == 0) {
      response_.next_cursor = {name, 0};
      return false;
    }
    auto& answer = response_.topics.emplace_back(description_of(topic));
    for (; partition < topic.partitions.size() && room_ > 0; ++partition, --room_)
      answer.partitions.push_back(description_of(topic, partition, connection_.live_nodes()));
    if (partition >= topic.partitions.size()) return true;
    response_.next_cursor = {name, static_cast<std::int32_t>(partition)};
    return false;
  }

  // The answer has no error of its own: every topic says it.
  void refuse_cursor() {
    if (request_.topics.empty()) request_.topics.push_back({request_.cursor->topic_name});
    for (auto& topic : request_.topics) {
      auto& answer = response_.topics.emplace_back();
      answer.name = std::move(topic.name);
      answer.error_code = ErrorCode::invalid_request;
    }
  }

  DescribeTopicPartitionsRequest request_;
  DescribeTopicPartitionsResponse response_;
  std::size_t room_ = 0; // for partitions
};

} // namespace

Handling handle_describe_topic_partitions(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                                          DescribeTopicPartitionsRequest request) {
  return std::make_unique<DescribeTopicPartitionsInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
