#include <optional>
#include <set>
#include <utility>

#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"

namespace callboard::kafka {
namespace {

class DeleteTopicsInFlight final : public InFlight {
public:
  DeleteTopicsInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                       DeleteTopicsRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {
    for (auto& name : request_.topic_names) request_.topics.push_back({std::move(name), {}});
  }

  void start() override {
    std::set<std::pair<std::optional<std::string>, Uuid>> seen;
    for (std::size_t i = 0; i < request_.topics.size(); ++i) {
      const auto& topic = request_.topics[i];
      auto& place = response_.responses.emplace_back();
      place.name = topic.name;
      place.topic_id = topic.topic_id;
      if (const auto named = check(topic, seen.emplace(topic.name, topic.topic_id).second); !named) {
        place.error_code = named.error().code;
        place.error_message = named.error().message;
        continue;
      }
      ++waiting_;
      place.error_code = ErrorCode::request_timed_out; // unless it answers
      connection_.send_to(connection_.node().metadata(),
                          DeleteTopic{connection_.self(), token(i), topic.name, topic.topic_id});
    }
    if (waiting_ == 0)
      finish();
    else
      connection_.set_deadline(slot_, client_timeout(request_.timeout_ms));
  }

  void on(std::uint32_t index, TopicDeleted& answer) override {
    auto& place = response_.responses[index];
    place.error_code = on_kafka_wire(answer.error);
    if (answer.error == ErrorCode::none) {
      place.name = std::move(answer.name);
      place.topic_id = answer.id;
    } else {
      place.error_message = std::move(answer.message);
    }
    if (--waiting_ == 0) finish();
  }

  void on_deadline() override { finish(); }

private:
  static Status check(const DeleteTopicState& topic, bool first) {
    if (topic.name && topic.topic_id != Uuid{})
      return Error{ErrorCode::invalid_request, "Name the topic or give its id, not both."};
    if (!topic.name && topic.topic_id == Uuid{})
      return Error{ErrorCode::invalid_request, "Neither the topic's name nor its id is given."};
    if (!first) return Error{ErrorCode::invalid_request, "The request names this topic more than once."};
    return ok_status();
  }

  void finish() { connection_.respond(slot_, encode_response(header_, response_)); }

  DeleteTopicsRequest request_;
  DeleteTopicsResponse response_;
  std::size_t waiting_ = 0;
};

} // namespace

Handling handle_delete_topics(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                              DeleteTopicsRequest request) {
  return std::make_unique<DeleteTopicsInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
