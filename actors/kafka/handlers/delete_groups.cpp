#include "actors/kafka/handlers/group_request.h"

namespace callboard::kafka {
namespace {

constexpr auto answer_within = std::chrono::seconds(30);

class DeleteGroupsInFlight final : public GroupInFlight {
public:
  DeleteGroupsInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                       DeleteGroupsRequest request)
    : GroupInFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    response_.results.resize(request_.group_names.size());
    for (std::size_t i = 0; i < request_.group_names.size(); ++i) {
      auto& place = response_.results[i];
      place.group_id = std::move(request_.group_names[i]);
      place.error_code = ask(i, place.group_id, DeleteGroup{});
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
    response_.results[index].error_code = on_kafka_wire(
        answer.refused == ErrorCode::none ? outcome_of<groups::DeleteGroupOutcome>(answer).error : answer.refused);
    if (--waiting_ == 0) finish();
  }

private:
  void finish() override { respond(response_); }

  DeleteGroupsRequest request_;
  DeleteGroupsResponse response_;
  std::size_t waiting_ = 0;
};

} // namespace

Handling handle_delete_groups(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                              DeleteGroupsRequest request) {
  return std::make_unique<DeleteGroupsInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
