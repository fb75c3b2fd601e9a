#include "actors/kafka/handlers/group_request.h"

namespace callboard::kafka {
namespace {

class OffsetDeleteInFlight final : public OneGroupInFlight<OffsetDeleteRequest, OffsetDeleteResponse> {
public:
  using OneGroupInFlight::OneGroupInFlight;

private:
  GroupCommand command() override {
    groups::DeleteOffsetsCommand removal;
    for (const auto& topic : request_.topics)
      for (const auto& partition : topic.partitions)
        removal.partitions.push_back({topic.name, partition.partition_index});
    return removal;
  }

  void take(GroupAnswer& answer) override {
    const auto& outcome = outcome_of<groups::OffsetsOutcome>(answer);
    response_.error_code = on_kafka_wire(outcome.error);
    if (outcome.error != ErrorCode::none) return;
    auto error = outcome.partitions.begin();
    for (auto& topic : request_.topics) {
      auto& answered = response_.topics.emplace_back();
      for (const auto& partition : topic.partitions)
        answered.partitions.push_back({partition.partition_index, on_kafka_wire(*error++)});
      answered.name = std::move(topic.name);
    }
  }
};

} // namespace

Handling handle_offset_delete(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                              OffsetDeleteRequest request) {
  return std::make_unique<OffsetDeleteInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
