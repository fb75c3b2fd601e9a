#include "actors/kafka/handlers/group_request.h"

namespace callboard::kafka {
namespace {

constexpr std::int16_t missing_is_an_error_from = 6; // version of the request

class DescribeGroupsInFlight final : public SeveralGroupsInFlight {
public:
  DescribeGroupsInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                         DescribeGroupsRequest request)
    : SeveralGroupsInFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

private:
  std::size_t prepare() override {
    for (auto& group : request_.groups) response_.groups.emplace_back().group_id = std::move(group);
    return response_.groups.size();
  }

  const std::string& id_of(std::size_t index) const override { return response_.groups[index].group_id; }
  GroupCommand command_for(std::size_t) const override { return DescribeGroup{}; }
  ErrorCode& error_of(std::size_t index) override { return response_.groups[index].error_code; }

  std::size_t take(std::size_t index, GroupAnswer& answer) override {
    auto& group = outcome_of<groups::GroupDescription>(answer);
    auto& place = response_.groups[index];
    if (group.state == groups::GroupState::dead && header_.version >= missing_is_an_error_from) {
      place.error_code = ErrorCode::group_id_not_found;
      place.error_message = "There is no group \"" + place.group_id + "\".";
    }
    place.group_state = groups::name_of(group.state);
    place.protocol_type = std::move(group.protocol_type);
    place.protocol_data = std::move(group.protocol_name);
    place.members.reserve(group.members.size());
    std::size_t bytes = 0;
    for (auto& member : group.members) {
      bytes += sizeof(DescribedGroupMember) + member.metadata.size() + member.assignment.size();
      place.members.push_back({std::move(member.member_id), std::move(member.instance_id), std::move(member.client_id),
                               std::move(member.client_host), std::move(member.metadata),
                               std::move(member.assignment)});
    }
    return bytes;
  }

  void finish() override { respond(response_); }

  DescribeGroupsRequest request_;
  DescribeGroupsResponse response_;
};

} // namespace

Handling handle_describe_groups(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                                DescribeGroupsRequest request) {
  return std::make_unique<DescribeGroupsInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
