#include "actors/cli/offset_reset.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "actors/cli/output.h"

namespace callboard::cli {
namespace {

using Kind = ResetTarget::Kind;
using ByPartition = std::map<std::pair<std::string, std::int32_t>, PlannedReset>;

// a + b, as far as there are numbers.
std::int64_t saturating_sum(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum))
    return b > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
  return sum;
}

std::string name_of(const std::string& topic, std::int32_t partition) {
  return topic + ":" + std::to_string(partition);
}

Offset committed(const client::GroupInfo& group, const std::string& topic, std::int32_t partition) {
  const auto found = std::find_if(group.offsets.begin(), group.offsets.end(),
                                  [&](const auto& o) { return o.topic == topic && o.partition == partition; });
  return found == group.offsets.end() ? unknown_offset : found->offset;
}

Result<PlannedReset> plan_one(client::Client& client, const client::GroupInfo& group, const std::string& topic,
                              const client::PartitionInfo& partition, const ResetTarget& target) {
  if (partition.error)
    return Error{partition.error->code, name_of(topic, partition.id) + ": " + partition.error->message};
  Offset at_time = unknown_offset;
  if (target.kind == Kind::time) {
    const auto found = client.list_offset(topic, partition.id, target.value);
    if (!found) return found.error();
    at_time = found->offset;
  }
  auto planned = plan_reset(target, partition, committed(group, topic, partition.id), at_time);
  if (!planned) return Error{planned.error().code, name_of(topic, partition.id) + ": " + planned.error().message};
  planned->topic = topic;
  return planned;
}

Status plan_topic(client::Client& client, const client::GroupInfo& group, const ResetTopic& chosen,
                  const ResetTarget& target, ByPartition& out) {
  const auto partitions = client.describe_partitions(chosen.topic);
  if (!partitions) return partitions.error();
  if (chosen.partition && static_cast<std::size_t>(*chosen.partition) >= partitions->size())
    return Error{ErrorCode::unknown_topic_or_partition, "there is no partition " + std::to_string(*chosen.partition) +
                                                            " of topic " + chosen.topic + ": it has " +
                                                            plural(partitions->size(), "partition") + ", from 0"};
  for (const auto& partition : *partitions) {
    if (chosen.partition && *chosen.partition != partition.id) continue;
    auto planned = plan_one(client, group, chosen.topic, partition, target);
    if (!planned) return planned.error();
    out.insert_or_assign({chosen.topic, partition.id}, std::move(*planned));
  }
  return ok_status();
}

} // namespace

Result<ResetTopic> parse_reset_topic(std::string_view text) {
  const auto colon = text.find(':');
  ResetTopic out{std::string(text.substr(0, colon)), std::nullopt};
  if (colon != text.npos) {
    const auto digits = text.substr(colon + 1);
    std::int32_t partition = -1;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), partition);
    if (failed == std::errc{} && end == digits.data() + digits.size()) out.partition = partition;
  }
  if (out.topic.empty() || (colon != text.npos && out.partition.value_or(-1) < 0))
    return Error{ErrorCode::invalid_argument, "\"" + std::string(text) +
                                                  "\" does not fit; write TOPIC or "
                                                  "TOPIC:PARTITION, as orders:3"};
  return out;
}

Result<PlannedReset> plan_reset(const ResetTarget& target, const client::PartitionInfo& partition, Offset before,
                                Offset at_time) {
  PlannedReset out{{}, partition.id, before, partition.log_start, {}};
  const auto first = partition.log_start.value;
  const auto end = partition.high_watermark.value;
  auto wanted = first;
  switch (target.kind) {
  case Kind::earliest: break;
  case Kind::latest: wanted = end; break;
  case Kind::offset: wanted = target.value; break;
  case Kind::shift:
    if (before.value < 0)
      return Error{ErrorCode::invalid_argument, "the group has no offset there to shift; use --to-earliest, "
                                                "--to-latest or --to-offset"};
    wanted = saturating_sum(before.value, target.value);
    break;
  case Kind::time:
    wanted = at_time == unknown_offset ? end : at_time.value;
    if (at_time == unknown_offset) out.note = "no record is that young: the end";
    break;
  }
  out.after = Offset(std::clamp(wanted, first, std::max(first, end)));
  if (out.after.value > wanted) out.note = std::to_string(wanted) + " is before the start";
  if (out.after.value < wanted) out.note = std::to_string(wanted) + " is behind the end";
  return out;
}

Result<std::vector<PlannedReset>> plan_resets(client::Client& client, const client::GroupInfo& group,
                                              const std::vector<ResetTopic>& topics, const ResetTarget& target) {
  ByPartition planned;
  for (const auto& topic : topics)
    if (auto done = plan_topic(client, group, topic, target, planned); !done) return done.error();
  std::vector<PlannedReset> out;
  for (auto& [place, reset] : planned) out.push_back(std::move(reset));
  return out;
}

} // namespace callboard::cli
