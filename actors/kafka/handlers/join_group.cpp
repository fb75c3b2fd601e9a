#include <fmt/format.h>

#include <algorithm>

#include "actors/kafka/handlers/group_request.h"
#include "actors/runtime/random.h"

namespace callboard::kafka {
namespace {

constexpr std::int16_t member_id_first_since = 4; // KIP-394
constexpr std::int16_t skip_assignment_since = 9; // KIP-814
constexpr std::int16_t null_protocol_since = 7;
constexpr std::size_t client_name_bytes_max = 255;
// The group answers by itself: at the latest when its rebalance times out.
constexpr auto grace = std::chrono::minutes(1);

class JoinGroupInFlight final : public OneGroupInFlight<JoinGroupRequest, JoinGroupResponse> {
public:
  using OneGroupInFlight::OneGroupInFlight;

private:
  GroupCommand command() override {
    groups::JoinCommand join;
    join.member_id = request_.member_id;
    join.instance_id = request_.group_instance_id;
    join.client_id = header_.client_id.value_or("").substr(0, client_name_bytes_max);
    join.client_host = connection_.peer();
    join.fresh_member_id =
        fmt::format("{}-{}", request_.group_instance_id.value_or(join.client_id).substr(0, client_name_bytes_max),
                    random_uuid().hex());
    join.session_timeout_ms = request_.session_timeout_ms;
    join.rebalance_timeout_ms = request_.rebalance_timeout_ms;
    join.protocol_type = request_.protocol_type;
    join.protocols.reserve(request_.protocols.size());
    for (auto& protocol : request_.protocols)
      join.protocols.push_back({std::move(protocol.name), std::move(protocol.metadata)});
    join.reason = request_.reason.value_or("");
    join.require_known_member = header_.version >= member_id_first_since;
    join.can_skip_assignment = header_.version >= skip_assignment_since;
    return join;
  }

  Duration answered_within() const override {
    const auto timeout_ms = std::max(request_.session_timeout_ms, request_.rebalance_timeout_ms);
    return std::chrono::milliseconds(std::max(timeout_ms, 0)) + grace;
  }

  void take(GroupAnswer& answer) override {
    auto& joined = outcome_of<groups::JoinOutcome>(answer);
    response_.error_code = joined.error;
    response_.generation_id = joined.generation;
    if (!joined.protocol_type.empty()) response_.protocol_type = std::move(joined.protocol_type);
    if (joined.error == ErrorCode::none || header_.version < null_protocol_since)
      response_.protocol_name = std::move(joined.protocol_name);
    response_.leader = std::move(joined.leader);
    response_.skip_assignment = joined.skip_assignment;
    response_.member_id = std::move(joined.member_id);
    response_.members.reserve(joined.members.size());
    for (auto& member : joined.members)
      response_.members.push_back(
          {std::move(member.member_id), std::move(member.instance_id), std::move(member.metadata)});
  }

  void finish() override {
    if (response_.error_code != ErrorCode::none && response_.member_id.empty())
      response_.member_id = request_.member_id;
    if (!response_.protocol_name && header_.version < null_protocol_since) response_.protocol_name = "";
    OneGroupInFlight::finish();
  }
};

} // namespace

Handling handle_join_group(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                           JoinGroupRequest request) {
  return std::make_unique<JoinGroupInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
