#include "actors/cli/group_commands.h"

#include <algorithm>
#include <cstdio>
#include <map>

namespace callboard::cli {
namespace {

using Place = std::pair<std::string, std::int32_t>;

std::string json_of_summary(const client::GroupSummary& group) {
  return JsonObject()
      .add("group", json_text(group.id))
      .add("state", json_text(group.state))
      .add("protocol_type", json_text(group.protocol_type))
      .add("members", std::to_string(group.members))
      .text();
}

std::string json_of_partitions(const rpc::TopicPartitions& assigned) {
  return JsonObject()
      .add("topic", json_text(assigned.topic))
      .add("partitions", json_list(assigned.partitions, [](auto id) { return std::to_string(id); }))
      .text();
}

std::string json_of_member(const rpc::GroupMember& member) {
  return JsonObject()
      .add("member", json_text(member.id))
      .add("instance", member.instance_id ? json_text(*member.instance_id) : "null")
      .add("client", json_text(member.client_id))
      .add("host", json_text(member.client_host))
      .add("assignment", json_list(member.assignment, json_of_partitions))
      .text();
}

std::string seconds(std::int64_t ms, const char* format, const char* unknown) {
  if (ms < 0) return unknown;
  char text[32];
  std::snprintf(text, sizeof text, format, static_cast<double>(ms) / 1000);
  return text;
}

std::string json_of_offset(const rpc::GroupOffset& offset) {
  return JsonObject()
      .add("topic", json_text(offset.topic))
      .add("partition", std::to_string(offset.partition))
      .add("offset", json_number(offset.offset.value))
      .add("high_watermark", json_number(offset.high_watermark.value))
      .add("lag", json_number(offset.lag))
      .add("lag_seconds", seconds(offset.lag_ms, "%.3f", "null"))
      .add("metadata", json_text(offset.metadata))
      .add("committed_ms", json_number(offset.commit_timestamp))
      .text();
}

std::string json_of(const client::GroupInfo& group) {
  return JsonObject()
      .add("group", json_text(group.id))
      .add("state", json_text(group.state))
      .add("protocol_type", json_text(group.protocol_type))
      .add("protocol", json_text(group.protocol))
      .add("generation", std::to_string(group.generation))
      .add("leader", json_text(group.leader))
      .add("coordinator", json_number(group.coordinator.value))
      .add("last_rebalance_ms", json_number(group.rebalance_timestamp))
      .add("last_rebalance_cause", json_text(group.rebalance_cause))
      .add("members", json_list(group.members, json_of_member))
      .add("offsets", json_list(group.offsets, json_of_offset))
      .add("shortened", group.shortened ? "true" : "false")
      .text();
}

std::string text_or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

// "orders:0,1,2 payments:4".
std::string assignment_of(const rpc::GroupMember& member) {
  std::string out;
  for (const auto& [topic, partitions] : member.assignment) {
    out += (out.empty() ? "" : " ") + topic;
    char before = ':';
    for (const auto partition : partitions) out += std::exchange(before, ',') + std::to_string(partition);
  }
  return text_or_dash(out);
}

// By partition, the client that it is assigned to.
std::map<Place, std::string> owners_of(const client::GroupInfo& group) {
  std::map<Place, std::string> owners;
  for (const auto& member : group.members)
    for (const auto& [topic, partitions] : member.assignment)
      for (const auto partition : partitions) owners[{topic, partition}] = member.client_id;
  return owners;
}

void print_summary(std::ostream& stream, const client::GroupInfo& group) {
  stream << "group " << printable(group.id) << ": " << printable(group.state) << ", generation " << group.generation;
  if (!group.protocol.empty()) stream << ", protocol " << printable(group.protocol);
  if (!group.protocol_type.empty()) stream << " (" << printable(group.protocol_type) << ")";
  if (group.coordinator != no_node) stream << ", coordinator node " << group.coordinator.value;
  stream << '\n';
  if (!group.rebalance_cause.empty())
    stream << "last rebalance " << utc(group.rebalance_timestamp) << ": " << printable(group.rebalance_cause) << '\n';
}

void print_members(std::ostream& stream, const client::GroupInfo& group) {
  if (group.members.empty()) {
    stream << "no members\n";
    return;
  }
  Table table({"MEMBER", "CLIENT", "HOST", "INSTANCE", "PARTITIONS"});
  for (const auto& member : group.members)
    table.add({member.id, text_or_dash(member.client_id), text_or_dash(member.client_host),
               member.instance_id.value_or("-"), assignment_of(member)});
  table.print(stream);
}

// Partitions that are assigned without a commit yet are shown too.
void print_offsets(std::ostream& stream, const client::GroupInfo& group) {
  auto unseen = owners_of(group);
  if (group.offsets.empty() && unseen.empty()) {
    stream << "no committed offsets\n";
    return;
  }
  Table table({"TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "LAG SECONDS", "CLIENT"});
  for (const auto& offset : group.offsets) {
    const auto owner = unseen.extract({offset.topic, offset.partition});
    table.add({offset.topic, std::to_string(offset.partition), number_or_dash(offset.offset.value),
               number_or_dash(offset.high_watermark.value), number_or_dash(offset.lag),
               seconds(offset.lag_ms, "%.1f", "-"), owner.empty() ? "-" : text_or_dash(owner.mapped())});
  }
  for (const auto& [place, client_id] : unseen)
    table.add({place.first, std::to_string(place.second), "-", "-", "-", "-", text_or_dash(client_id)});
  table.print(stream);
}

std::string json_of_reset(const PlannedReset& reset) {
  return JsonObject()
      .add("topic", json_text(reset.topic))
      .add("partition", std::to_string(reset.partition))
      .add("before", json_number(reset.before.value))
      .add("after", std::to_string(reset.after.value))
      .add("note", reset.note.empty() ? "null" : json_text(reset.note))
      .text();
}

void print_resets(Output& output, const ResetOptions& options, const std::vector<PlannedReset>& resets) {
  if (output.json) {
    output.stream << JsonObject()
                         .add("group", json_text(options.group))
                         .add("executed", options.execute ? "true" : "false")
                         .add("offsets", json_list(resets, json_of_reset))
                         .text()
                  << '\n';
    return;
  }
  Table table({"TOPIC", "PARTITION", "BEFORE", "AFTER", "NOTE"});
  for (const auto& reset : resets)
    table.add({reset.topic, std::to_string(reset.partition), number_or_dash(reset.before.value),
               std::to_string(reset.after.value), reset.note});
  table.print(output.stream);
  output.stream << (options.execute
                        ? "reset " + plural(resets.size(), "offset") + " of group " + printable(options.group) + "\n"
                        : "nothing was changed; repeat with --execute to do it\n");
}

} // namespace

Status list_groups(client::Client& client, Output& output) {
  const auto groups = client.list_groups();
  if (!groups) return groups.error();
  if (output.json) {
    output.stream << json_list(*groups, json_of_summary) << '\n';
    return ok_status();
  }
  if (groups->empty()) {
    output.stream << "no consumer groups yet; one comes to be when a consumer with a group id joins or commits\n";
    return ok_status();
  }
  Table table({"GROUP", "STATE", "PROTOCOL TYPE", "MEMBERS"});
  for (const auto& group : *groups)
    table.add({group.id, group.state, text_or_dash(group.protocol_type), std::to_string(group.members)});
  table.print(output.stream);
  return ok_status();
}

Status describe_group(client::Client& client, Output& output, const std::string& id) {
  const auto group = client.describe_group(id);
  if (!group) return group.error();
  if (output.json) {
    output.stream << json_of(*group) << '\n';
    return ok_status();
  }
  print_summary(output.stream, *group);
  output.stream << '\n';
  print_members(output.stream, *group);
  output.stream << '\n';
  print_offsets(output.stream, *group);
  if (group->shortened) output.stream << "the group is too large for one answer: some of it is left out\n";
  return ok_status();
}

Status reset_group(client::Client& client, Output& output, const ResetOptions& options) {
  const auto group = client.describe_group(options.group);
  if (!group) return group.error();
  const auto planned = plan_resets(client, *group, options.topics, options.target);
  if (!planned) return planned.error();
  if (options.execute) {
    std::vector<client::OffsetReset> offsets;
    for (const auto& reset : *planned) offsets.push_back({reset.topic, reset.partition, reset.after});
    if (auto reset = client.reset_offsets(options.group, offsets); !reset) return reset;
  }
  print_resets(output, options, *planned);
  return ok_status();
}

Status delete_group(client::Client& client, Output& output, const std::string& id) {
  if (auto deleted = client.delete_group(id); !deleted) return deleted;
  if (output.json)
    output.stream << JsonObject().add("deleted", json_text(id)).text() << '\n';
  else
    output.stream << "deleted group " << printable(id) << " and its offsets\n";
  return ok_status();
}

} // namespace callboard::cli
