#include "actors/kafka/handlers/group_request.h"

namespace callboard::kafka {
namespace {

constexpr auto answer_within = std::chrono::seconds(30);
constexpr std::int16_t missing_is_an_error_from = 6; // version of the request

class DescribeGroupsInFlight final : public GroupInFlight {
public:
  DescribeGroupsInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                         DescribeGroupsRequest request)
    : GroupInFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    response_.groups.resize(request_.groups.size());
    for (std::size_t i = 0; i < request_.groups.size(); ++i) {
      auto& place = response_.groups[i];
      place.group_id = std::move(request_.groups[i]);
      place.error_code = ask(i, place.group_id, DescribeGroup{});
      if (place.error_code != ErrorCode::none) continue;
      place.error_code = ErrorCode::request_timed_out; // unless it answers
      ++waiting_;
    }
    if (waiting_ == 0)
      finish();
    else
      connection_.set_deadline(slot_, answer_within);
  }

  void on(std::uint32_t index, GroupAnswer& answer) override {
    auto& place = response_.groups[index];
    place.error_code = on_kafka_wire(answer.refused);
    if (answer.refused == ErrorCode::none) take(outcome_of<groups::GroupDescription>(answer), place);
    if (header_.version >= missing_is_an_error_from && place.group_state == groups::name_of(groups::GroupState::dead)) {
      place.error_code = ErrorCode::group_id_not_found;
      place.error_message = "There is no group \"" + place.group_id + "\".";
    }
    if (--waiting_ == 0) finish();
  }

private:
  static void take(groups::GroupDescription& group, DescribedGroup& place) {
    place.group_state = groups::name_of(group.state);
    place.protocol_type = std::move(group.protocol_type);
    place.protocol_data = std::move(group.protocol_name);
    place.members.reserve(group.members.size());
    for (auto& member : group.members)
      place.members.push_back({std::move(member.member_id), std::move(member.instance_id), std::move(member.client_id),
                               std::move(member.client_host), std::move(member.metadata),
                               std::move(member.assignment)});
  }

  void finish() override { respond(response_); }

  DescribeGroupsRequest request_;
  DescribeGroupsResponse response_;
  std::size_t waiting_ = 0;
};

} // namespace

Handling handle_describe_groups(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                                DescribeGroupsRequest request) {
  return std::make_unique<DescribeGroupsInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
