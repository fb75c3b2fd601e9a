#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/client/client.h"

// `callboard group reset`: from where a group is to go on. Planned here from what the
// broker tells, so that a dry run and the change show the same.
namespace callboard::cli {

struct ResetTarget {
  enum class Kind : std::uint8_t { earliest, latest, offset, time, shift };
  Kind kind = Kind::earliest;
  std::int64_t value = 0; // the offset, the time in ms, or by how much
};

// A topic, all of its partitions or one.
struct ResetTopic {
  std::string topic;
  std::optional<std::int32_t> partition;
};
// TOPIC or TOPIC:PARTITION. Error: invalid_argument.
Result<ResetTopic> parse_reset_topic(std::string_view text);

struct PlannedReset {
  std::string topic;
  std::int32_t partition = 0;
  Offset before = unknown_offset; // unknown_offset: nothing was committed
  Offset after;
  std::string note; // why `after` is not what was asked for; empty if it is
};

// Where one partition is to go on. `at_time` is what the broker found for Kind::time
// (unknown_offset: no record is that young). Offsets outside of the partition become its
// nearest end, as Kafka's tool has it. Error: invalid_argument (a shift of nothing).
Result<PlannedReset> plan_reset(const ResetTarget& target, const client::PartitionInfo& partition, Offset before,
                                Offset at_time);

// The same for all `topics` of a group, each partition once; asks the broker.
Result<std::vector<PlannedReset>> plan_resets(client::Client& client, const client::GroupInfo& group,
                                              const std::vector<ResetTopic>& topics, const ResetTarget& target);

} // namespace callboard::cli
