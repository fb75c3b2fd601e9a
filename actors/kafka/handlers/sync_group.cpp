#include "actors/kafka/handlers/group_request.h"

namespace callboard::kafka {
namespace {

// As long as any member may take to hand in the assignments.
constexpr auto sync_within = std::chrono::minutes(31);

class SyncGroupInFlight final : public OneGroupInFlight<SyncGroupRequest, SyncGroupResponse> {
public:
  using OneGroupInFlight::OneGroupInFlight;

private:
  GroupCommand command() override {
    groups::SyncCommand sync;
    sync.generation = request_.generation_id;
    sync.member_id = request_.member_id;
    sync.instance_id = request_.group_instance_id;
    sync.protocol_type = request_.protocol_type;
    sync.protocol_name = request_.protocol_name;
    sync.assignments.reserve(request_.assignments.size());
    for (auto& assignment : request_.assignments)
      sync.assignments.push_back({std::move(assignment.member_id), std::move(assignment.assignment)});
    return sync;
  }

  Duration answered_within() const override { return sync_within; }

  void take(GroupAnswer& answer) override {
    auto& synced = outcome_of<groups::SyncOutcome>(answer);
    response_.error_code = synced.error;
    if (!synced.protocol_type.empty()) response_.protocol_type = std::move(synced.protocol_type);
    if (!synced.protocol_name.empty()) response_.protocol_name = std::move(synced.protocol_name);
    response_.assignment = std::move(synced.assignment);
  }
};

} // namespace

Handling handle_sync_group(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                           SyncGroupRequest request) {
  return std::make_unique<SyncGroupInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
