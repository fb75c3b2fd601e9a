#include <algorithm>

#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"
#include "actors/kafka/topic_answers.h"

namespace callboard::kafka {
namespace {

// Creating a topic takes a commit; a client polls again if it took longer.
constexpr auto creation_within = std::chrono::seconds(10);
// Who asks again on the same connection has often just lost a leader, and is faster here than
// the word that its node is gone. Told the old leader again, librdkafka asks only with its next
// scan, up to 1 s later; told that there is none, after 100 ms.
constexpr auto asked_again_after = std::chrono::milliseconds(20);
// What one request may create by mentioning it.
constexpr std::size_t creations_max = 100;

class MetadataInFlight final : public InFlight {
public:
  MetadataInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header, MetadataRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    // Version 0 has no null: empty means all.
    all_ = !request_.topics || (header_.version == 0 && request_.topics->empty());
    if (!all_) create_missing();
    const bool again = connection_.note_metadata();
    if (waiting_ > 0)
      connection_.set_deadline(slot_, creation_within);
    else if (again && led_by_others())
      connection_.set_deadline(slot_, asked_again_after);
    else
      finish();
  }

  void on(std::uint32_t index, TopicCreated& answer) override {
    refused_[index] = answer.error;
    if (--waiting_ == 0) finish();
  }

  void on_deadline() override { finish(); }

private:
  void create_missing() {
    refused_.resize(request_.topics->size(), ErrorCode::none);
    const bool allowed =
        connection_.node().config.auto_create_topics && (header_.version < 4 || request_.allow_auto_topic_creation);
    if (!allowed) return;
    for (std::size_t i = 0; i < request_.topics->size() && waiting_ < creations_max; ++i) {
      const auto& name = (*request_.topics)[i].name;
      if (!name || connection_.context().directory.find(*name) != nullptr) continue;
      ++waiting_;
      CreateTopic message;
      message.from = connection_.self();
      message.token = token(i);
      message.command.name = *name;
      message.mentioned = true;
      connection_.send_to(connection_.node().metadata(), std::move(message));
    }
  }

  bool led_by_others() const {
    const auto& directory = connection_.context().directory;
    const auto elsewhere = [self = connection_.live_nodes().self()](const TopicRef& topic) {
      return std::any_of(topic.partitions.begin(), topic.partitions.end(), [self](const PartitionRef& partition) {
        return partition.leader != no_node && partition.leader != self;
      });
    };
    if (all_)
      return std::any_of(directory.topics().begin(), directory.topics().end(),
                         [&](const auto& topic) { return elsewhere(*topic.second); });
    return std::any_of(request_.topics->begin(), request_.topics->end(), [&](const auto& wanted) {
      const auto* topic = wanted.name ? directory.find(*wanted.name) : directory.find(wanted.topic_id);
      return topic != nullptr && elsewhere(*topic);
    });
  }

  void finish() {
    const auto nodes = connection_.live_nodes();
    for (auto& broker : nodes.all())
      response_.brokers.push_back({broker.node.value, broker.address.host, broker.address.port, broker.rack});
    response_.cluster_id = connection_.node().identity.cluster.hex();
    response_.controller_id = nodes.controller().value;
    if (all_) {
      response_.topics.reserve(connection_.context().directory.topics().size());
      for (const auto& [name, topic] : connection_.context().directory.topics()) describe(*topic);
    } else {
      for (std::size_t i = 0; i < request_.topics->size(); ++i) describe_wanted(i);
    }
    connection_.respond(slot_, encode_response(header_, response_));
  }

  void describe_wanted(std::size_t index) {
    const auto& wanted = (*request_.topics)[index];
    const auto& directory = connection_.context().directory;
    const auto* topic = wanted.name ? directory.find(*wanted.name) : directory.find(wanted.topic_id);
    if (topic != nullptr) {
      describe(*topic);
      return;
    }
    auto& answer = response_.topics.emplace_back();
    answer.name = wanted.name;
    answer.topic_id = wanted.topic_id;
    if (!wanted.name)
      answer.error_code = ErrorCode::unknown_topic_id;
    else
      answer.error_code = why_missing(*wanted.name, refused_[index]);
  }

  static ErrorCode why_missing(const std::string& name, ErrorCode refused) {
    if (refused == ErrorCode::none) {
      const auto valid = metadata::check_topic_name(name);
      return valid ? ErrorCode::unknown_topic_or_partition : valid.error().code;
    }
    // Somebody else created it meanwhile: there in a moment.
    return refused == ErrorCode::topic_already_exists ? ErrorCode::leader_not_available : on_kafka_wire(refused);
  }

  void describe(const TopicRef& topic) { response_.topics.push_back(metadata_of(topic, connection_.live_nodes())); }

  MetadataRequest request_;
  MetadataResponse response_;
  std::vector<ErrorCode> refused_; // by position in the request
  std::size_t waiting_ = 0;
  bool all_ = false;
};

} // namespace

Handling handle_metadata(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                         MetadataRequest request) {
  return std::make_unique<MetadataInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
