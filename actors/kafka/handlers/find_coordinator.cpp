#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"

namespace callboard::kafka {
namespace {

constexpr std::int16_t several_keys_since = 4; // KIP-699

// No coordinators exist yet, and the answer says so: consumers that assign themselves
// partitions work, those of a group cannot.
class FindCoordinatorInFlight final : public InFlight {
public:
  FindCoordinatorInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                          FindCoordinatorRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    const auto refusal = why_none();
    FindCoordinatorResponse response;
    if (header_.version < several_keys_since) {
      response.error_code = refusal.code;
      response.error_message = refusal.message;
    } else {
      for (auto& key : request_.coordinator_keys)
        response.coordinators.push_back({std::move(key), -1, {}, -1, refusal.code, refusal.message});
    }
    connection_.respond(slot_, encode_response(header_, response));
  }

private:
  Error why_none() const {
    if (request_.key_type == coordinator_of_group)
      return {ErrorCode::coordinator_not_available,
              "Consumer groups come with a later version; assign partitions to the consumer instead."};
    if (request_.key_type == coordinator_of_transaction)
      return {ErrorCode::coordinator_not_available, "Transactions come with a later version."};
    return {ErrorCode::invalid_request, "A coordinator is that of a group (0) or of a transaction (1)."};
  }

  FindCoordinatorRequest request_;
};

} // namespace

Handling handle_find_coordinator(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                                 FindCoordinatorRequest request) {
  return std::make_unique<FindCoordinatorInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
