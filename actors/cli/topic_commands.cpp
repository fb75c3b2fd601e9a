#include "actors/cli/topic_commands.h"

namespace callboard::cli {
namespace {

JsonObject json_object_of(const client::TopicInfo& topic) {
  JsonObject configs;
  for (const auto& [name, value] : topic.configs) configs.add(name, json_text(value));
  JsonObject object;
  object.add("name", json_text(topic.name))
      .add("id", json_text(topic.id.hex()))
      .add("partitions", std::to_string(topic.partitions))
      .add("replication_factor", std::to_string(topic.replication_factor))
      .add("configs", configs.text());
  return object;
}

std::string json_of(const client::TopicInfo& topic) {
  return json_object_of(topic).text();
}

std::string json_of_node(NodeId node) {
  return std::to_string(node.value);
}

std::string json_of_partition(const client::PartitionInfo& partition) {
  return JsonObject()
      .add("partition", std::to_string(partition.id))
      .add("leader", json_number(partition.leader.value))
      .add("leader_epoch", json_number(partition.leader_epoch.value))
      .add("log_start", json_number(partition.log_start.value))
      .add("high_watermark", json_number(partition.high_watermark.value))
      .add("bytes", json_number(partition.bytes))
      .add("error", partition.error ? json_text(partition.error->message) : "null")
      .add("replicas", json_list(partition.replicas, json_of_node))
      .add("in_sync", json_list(partition.in_sync, json_of_node))
      .text();
}

std::string configs_of(const client::TopicInfo& topic) {
  std::string out;
  for (const auto& [name, value] : topic.configs) out += (out.empty() ? "" : " ") + name + "=" + value;
  return out;
}

std::string summary_of(const client::TopicInfo& topic) {
  return "topic " + printable(topic.name) + ": " + plural(topic.partitions, "partition") + ", replication factor " +
         std::to_string(topic.replication_factor);
}

void print_partitions(std::ostream& stream, const std::vector<client::PartitionInfo>& partitions) {
  Table table({"PARTITION", "LEADER", "EPOCH", "LOG START", "HIGH WATERMARK", "BYTES", "REPLICAS", "IN SYNC", "STATE"});
  for (const auto& p : partitions)
    table.add({std::to_string(p.id), number_or_dash(p.leader.value), number_or_dash(p.leader_epoch.value),
               number_or_dash(p.log_start.value), number_or_dash(p.high_watermark.value), number_or_dash(p.bytes),
               list_of_nodes(p.replicas), list_of_nodes(p.in_sync), p.error ? p.error->message : "ok"});
  table.print(stream);
}

} // namespace

Status create_topic(client::Client& client, Output& output, const client::CreateTopic& topic) {
  const auto created = client.create_topic(topic);
  if (!created) return created.error();
  if (output.json)
    output.stream << json_of(*created) << '\n';
  else
    output.stream << "created " << summary_of(*created) << '\n';
  return ok_status();
}

Status list_topics(client::Client& client, Output& output) {
  const auto topics = client.list_topics();
  if (!topics) return topics.error();
  if (output.json) {
    output.stream << json_list(*topics, json_of) << '\n';
    return ok_status();
  }
  if (topics->empty()) {
    output.stream << "no topics yet; create one with `callboard topic create NAME`\n";
    return ok_status();
  }
  Table table({"TOPIC", "PARTITIONS", "REPLICATION", "CONFIGS"});
  for (const auto& topic : *topics)
    table.add(
        {topic.name, std::to_string(topic.partitions), std::to_string(topic.replication_factor), configs_of(topic)});
  table.print(output.stream);
  return ok_status();
}

Status describe_topic(client::Client& client, Output& output, const std::string& name) {
  const auto topic = client.describe_topic(name);
  if (!topic) return topic.error();
  const auto partitions = client.describe_partitions(name);
  if (!partitions) return partitions.error();
  if (output.json) {
    output.stream << json_object_of(*topic).add("partition_list", json_list(*partitions, json_of_partition)).text()
                  << '\n';
    return ok_status();
  }
  output.stream << summary_of(*topic) << ", id " << topic->id.hex() << '\n';
  output.stream << "configuration: " << (topic->configs.empty() ? "all defaults" : printable(configs_of(*topic)))
                << "\n\n";
  print_partitions(output.stream, *partitions);
  return ok_status();
}

Status alter_topic(client::Client& client, Output& output, const client::AlterTopic& topic) {
  const auto altered = client.alter_topic(topic);
  if (!altered) return altered.error();
  if (output.json)
    output.stream << json_of(*altered) << '\n';
  else
    output.stream << "altered " << summary_of(*altered) << '\n'
                  << "configuration: " << (altered->configs.empty() ? "all defaults" : printable(configs_of(*altered)))
                  << '\n';
  return ok_status();
}

Status delete_topic(client::Client& client, Output& output, const std::string& name) {
  const auto deleted = client.delete_topic(name);
  if (!deleted) return deleted.error();
  if (output.json)
    output.stream << JsonObject().add("deleted", json_text(name)).text() << '\n';
  else
    output.stream << "deleted topic " << printable(name) << '\n';
  return ok_status();
}

} // namespace callboard::cli
