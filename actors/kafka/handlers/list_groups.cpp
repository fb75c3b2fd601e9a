#include <algorithm>

#include "actors/kafka/handlers/group_request.h"
#include "schema/internal_topics.h"

namespace callboard::kafka {
namespace {

constexpr std::string_view classic = "classic"; // KIP-848 brings another type
constexpr auto answer_within = std::chrono::seconds(30);

bool lets_pass(const std::vector<std::string>& filter, std::string_view value) {
  const auto same = [&](const std::string& wanted) {
    return std::equal(wanted.begin(), wanted.end(), value.begin(), value.end(), [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
    });
  };
  return filter.empty() || std::any_of(filter.begin(), filter.end(), same);
}

class ListGroupsInFlight final : public InFlight {
public:
  ListGroupsInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header, ListGroupsRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    const auto* topic = connection_.context().directory.find(consumer_offsets_topic);
    if (topic != nullptr) {
      for (const auto& partition : topic->partitions)
        connection_.send_to(partition.coordinator, ListGroupsOfCoordinator{connection_.self(), token(waiting_++)});
    }
    if (waiting_ == 0)
      finish();
    else
      connection_.set_deadline(slot_, answer_within);
  }

  void on(std::uint32_t, GroupsListed& answer) override {
    // Those of other nodes are told there.
    if (answer.error != ErrorCode::none && answer.error != ErrorCode::not_coordinator)
      response_.error_code = on_kafka_wire(answer.error);
    for (auto& group : answer.groups) {
      const auto state = groups::name_of(group.state);
      if (!lets_pass(request_.states_filter, state) || !lets_pass(request_.types_filter, classic)) continue;
      response_.groups.push_back(
          {std::move(group.group), std::move(group.protocol_type), std::string(state), std::string(classic)});
    }
    if (--waiting_ == 0) finish();
  }

  void on_deadline() override {
    response_.error_code = ErrorCode::coordinator_not_available;
    finish();
  }

private:
  void finish() { connection_.respond(slot_, encode_response(header_, response_)); }

  ListGroupsRequest request_;
  ListGroupsResponse response_;
  std::size_t waiting_ = 0;
};

} // namespace

Handling handle_list_groups(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                            ListGroupsRequest request) {
  return std::make_unique<ListGroupsInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
