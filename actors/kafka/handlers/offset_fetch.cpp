#include "actors/kafka/handlers/group_request.h"

namespace callboard::kafka {
namespace {

constexpr std::int16_t several_since = 8;     // KIP-709
constexpr std::int16_t group_error_since = 2; // version 1 says it at every partition
constexpr std::int16_t null_is_all_since = 2;
constexpr auto answer_within = std::chrono::seconds(30);

class OffsetFetchInFlight final : public GroupInFlight {
public:
  OffsetFetchInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header, OffsetFetchRequest request)
    : GroupInFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

  void start() override {
    if (header_.version < several_since) {
      auto& group = request_.groups.emplace_back();
      group.group_id = std::move(request_.group_id);
      group.topics = std::move(request_.topics);
      if (!group.topics && header_.version < null_is_all_since) group.topics.emplace();
    }
    answers_.resize(request_.groups.size());
    for (std::size_t i = 0; i < request_.groups.size(); ++i) {
      const auto& group = request_.groups[i];
      auto& answer = answers_[i];
      answer.group_id = group.group_id;
      answer.error_code = ask(i, group.group_id, command(group));
      if (answer.error_code != ErrorCode::none) continue;
      answer.error_code = ErrorCode::request_timed_out; // unless it answers
      ++waiting_;
    }
    if (waiting_ == 0)
      finish();
    else
      connection_.set_deadline(slot_, answer_within);
  }

  void on(std::uint32_t index, GroupAnswer& answer) override {
    auto& place = answers_[index];
    place.error_code = on_kafka_wire(answer.refused);
    if (answer.refused == ErrorCode::none) {
      auto& fetched = outcome_of<groups::FetchOffsetsOutcome>(answer);
      place.error_code = on_kafka_wire(fetched.error);
      if (fetched.error == ErrorCode::none) take(fetched.offsets, place);
    }
    if (--waiting_ == 0) finish();
  }

private:
  GroupCommand command(const OffsetFetchGroup& group) const {
    groups::FetchOffsetsCommand fetch;
    fetch.require_stable = request_.require_stable;
    if (!group.topics) return fetch;
    auto& partitions = fetch.partitions.emplace();
    for (const auto& topic : *group.topics)
      for (const auto index : topic.partition_indexes) partitions.push_back({topic.name, index});
    return fetch;
  }

  // Those of one topic stand together.
  static void take(std::vector<groups::FetchedOffset>& offsets, OffsetFetchGroupResponse& place) {
    for (auto& offset : offsets) {
      if (place.topics.empty() || place.topics.back().name != offset.partition.topic)
        place.topics.emplace_back().name = offset.partition.topic;
      place.topics.back().partitions.push_back({offset.partition.partition, offset.offset.value, offset.leader_epoch,
                                                std::move(offset.metadata), on_kafka_wire(offset.error)});
    }
  }

  // What a version without an error for the group says instead.
  static void refuse_partitions(const OffsetFetchGroup& group, OffsetFetchGroupResponse& place) {
    for (const auto& topic : *group.topics) {
      auto& answered = place.topics.emplace_back();
      answered.name = topic.name;
      for (const auto index : topic.partition_indexes)
        answered.partitions.push_back({index, -1, -1, "", place.error_code});
    }
  }

  void finish() override {
    OffsetFetchResponse response;
    if (header_.version >= several_since) {
      response.groups = std::move(answers_);
    } else {
      auto& answer = answers_.front();
      if (answer.error_code != ErrorCode::none && header_.version < group_error_since)
        refuse_partitions(request_.groups.front(), answer);
      response.error_code = answer.error_code;
      response.topics = std::move(answer.topics);
    }
    respond(response);
  }

  OffsetFetchRequest request_;
  std::vector<OffsetFetchGroupResponse> answers_;
  std::size_t waiting_ = 0;
};

} // namespace

Handling handle_offset_fetch(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                             OffsetFetchRequest request) {
  return std::make_unique<OffsetFetchInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
