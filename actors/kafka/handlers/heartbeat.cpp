#include "actors/kafka/handlers/group_request.h"

namespace callboard::kafka {
namespace {

class HeartbeatInFlight final : public OneGroupInFlight<HeartbeatRequest, HeartbeatResponse> {
public:
  using OneGroupInFlight::OneGroupInFlight;

private:
  GroupCommand command() override {
    return groups::HeartbeatCommand{request_.generation_id, std::move(request_.member_id),
                                    std::move(request_.group_instance_id)};
  }

  void take(GroupAnswer& answer) override { response_.error_code = outcome_of<HeartbeatOutcome>(answer).error; }
};

} // namespace

Handling handle_heartbeat(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                          HeartbeatRequest request) {
  return std::make_unique<HeartbeatInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
