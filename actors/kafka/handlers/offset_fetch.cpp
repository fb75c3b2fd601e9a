#include <algorithm>

#include "actors/kafka/handlers/group_request.h"

namespace callboard::kafka {
namespace {

constexpr std::int16_t several_since = 8;     // KIP-709
constexpr std::int16_t group_error_since = 2; // version 1 says it at every partition
constexpr std::int16_t null_is_all_since = 2;

class OffsetFetchInFlight final : public SeveralGroupsInFlight {
public:
  OffsetFetchInFlight(KafkaConnection& connection, std::uint32_t slot, RequestHeader header, OffsetFetchRequest request)
    : SeveralGroupsInFlight(connection, slot, std::move(header)), request_(std::move(request)) {}

private:
  std::size_t prepare() override {
    if (header_.version < several_since) {
      auto& group = request_.groups.emplace_back();
      group.group_id = std::move(request_.group_id);
      group.topics = std::move(request_.topics);
      if (!group.topics && header_.version < null_is_all_since) group.topics.emplace();
    }
    for (const auto& group : request_.groups) answers_.emplace_back().group_id = group.group_id;
    return answers_.size();
  }

  const std::string& id_of(std::size_t index) const override { return answers_[index].group_id; }
  ErrorCode& error_of(std::size_t index) override { return answers_[index].error_code; }

  // A partition named twice is answered once, or a small request could have any answer.
  GroupCommand command_for(std::size_t index) const override {
    groups::FetchOffsetsCommand fetch;
    fetch.require_stable = request_.require_stable;
    const auto& topics = request_.groups[index].topics;
    if (!topics) return fetch;
    auto& partitions = fetch.partitions.emplace();
    for (const auto& topic : *topics)
      for (const auto partition : topic.partition_indexes) partitions.push_back({topic.name, partition});
    std::sort(partitions.begin(), partitions.end());
    partitions.erase(std::unique(partitions.begin(), partitions.end()), partitions.end());
    return fetch;
  }

  std::size_t take(std::size_t index, GroupAnswer& answer) override {
    auto& fetched = outcome_of<groups::FetchOffsetsOutcome>(answer);
    error_of(index) = on_kafka_wire(fetched.error);
    return fetched.error == ErrorCode::none ? take(fetched.offsets, answers_[index]) : 0;
  }

  // Those of one topic stand together.
  static std::size_t take(std::vector<groups::FetchedOffset>& offsets, OffsetFetchGroupResponse& place) {
    std::size_t bytes = 0;
    for (auto& offset : offsets) {
      if (place.topics.empty() || place.topics.back().name != offset.partition.topic)
        place.topics.emplace_back().name = offset.partition.topic;
      bytes += sizeof(OffsetFetchPartitionResponse) + offset.metadata.size();
      place.topics.back().partitions.push_back({offset.partition.partition, offset.offset.value, offset.leader_epoch,
                                                std::move(offset.metadata), on_kafka_wire(offset.error)});
    }
    return bytes;
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
};

} // namespace

Handling handle_offset_fetch(KafkaConnection& connection, std::uint32_t slot, RequestHeader header,
                             OffsetFetchRequest request) {
  return std::make_unique<OffsetFetchInFlight>(connection, slot, std::move(header), std::move(request));
}

} // namespace callboard::kafka
