#include "actors/kafka/handlers/group_request.h"

namespace callboard::kafka {
namespace {

constexpr std::int16_t several_since = 3; // KIP-345

class LeaveGroupInFlight final : public OneGroupInFlight<LeaveGroupRequest, LeaveGroupResponse> {
public:
  using OneGroupInFlight::OneGroupInFlight;

private:
  bool several() const { return header_.version >= several_since; }

  GroupCommand command() override {
    LeaveCommand leave;
    if (!several()) leave.members.push_back({request_.member_id, std::nullopt, {}});
    for (const auto& member : request_.members)
      leave.members.push_back({member.member_id, member.group_instance_id, member.reason.value_or("")});
    return leave;
  }

  void take(GroupAnswer& answer) override {
    const auto& left = outcome_of<groups::LeaveOutcome>(answer);
    response_.error_code = left.error;
    if (left.error != ErrorCode::none) return;
    if (!several()) {
      response_.error_code = left.members.front();
      return;
    }
    for (std::size_t i = 0; i < request_.members.size(); ++i) {
      auto& member = request_.members[i];
      response_.members.push_back({std::move(member.member_id), std::move(member.group_instance_id), left.members[i]});
    }
  }
};

} // namespace

Handling handle_leave_group(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                            LeaveGroupRequest request) {
  return std::make_unique<LeaveGroupInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
