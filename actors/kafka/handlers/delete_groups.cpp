#include "actors/kafka/handlers/group_request.h"

namespace callboard::kafka {
namespace {

class DeleteGroupsInFlight final : public SeveralGroupsInFlight {
public:
  DeleteGroupsInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                       DeleteGroupsRequest request)
    : SeveralGroupsInFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

private:
  std::size_t prepare() override {
    for (auto& group : request_.group_names) response_.results.emplace_back().group_id = std::move(group);
    return response_.results.size();
  }

  const std::string& id_of(std::size_t index) const override { return response_.results[index].group_id; }
  GroupCommand command_for(std::size_t) const override { return DeleteGroup{}; }
  ErrorCode& error_of(std::size_t index) override { return response_.results[index].error_code; }

  std::size_t take(std::size_t index, GroupAnswer& answer) override {
    error_of(index) = on_kafka_wire(outcome_of<groups::DeleteGroupOutcome>(answer).error);
    return 0; // its place was there before
  }

  void finish() override { respond(response_); }

  DeleteGroupsRequest request_;
  DeleteGroupsResponse response_;
};

} // namespace

Handling handle_delete_groups(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                              DeleteGroupsRequest request) {
  return std::make_unique<DeleteGroupsInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
