#include "actors/kafka/handlers/handlers.h"
#include "actors/kafka/kafka_connection.h"

namespace callboard::kafka {
namespace {

constexpr auto answer_within = std::chrono::seconds(30);
constexpr std::int16_t epoch_max = 32766; // the next one would be the last of its kind

// An idempotent producer's id. One that has an id and an epoch gets the epoch raised, or
// a new id when its epochs are used up (KIP-360).
class InitProducerIdInFlight final : public InFlight {
public:
  InitProducerIdInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                         InitProducerIdRequest request)
    : InFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    if (request_.transactional_id) {
      finish(ErrorCode::invalid_request, no_producer, -1); // transactions are not supported yet
      return;
    }
    const bool known = request_.producer_id >= 0 && request_.producer_epoch >= 0;
    if (known && request_.producer_epoch < epoch_max) {
      finish(ErrorCode::none, ProducerId{request_.producer_id}, static_cast<std::int16_t>(request_.producer_epoch + 1));
      return;
    }
    connection_.send_to(connection_.node().metadata(), AllocateProducerId{connection_.self(), token(0)});
    connection_.set_deadline(slot_, answer_within);
  }

  void on(std::uint32_t, ProducerIdAllocated& answer) override {
    finish(on_kafka_wire(answer.error), answer.id, answer.error == ErrorCode::none ? 0 : -1);
  }

  void on_deadline() override { finish(ErrorCode::coordinator_not_available, no_producer, -1); }

private:
  void finish(ErrorCode error, ProducerId id, std::int16_t epoch) {
    InitProducerIdResponse response;
    response.error_code = error;
    response.producer_id = id.value;
    response.producer_epoch = epoch;
    connection_.respond(slot_, encode_response(header_, response));
  }

  InitProducerIdRequest request_;
};

} // namespace

Handling handle_init_producer_id(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                                 InitProducerIdRequest request) {
  return std::make_unique<InitProducerIdInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
