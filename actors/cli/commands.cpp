#include "actors/cli/commands.h"

#include <cstdio>

namespace callboard::cli {
namespace {

std::string json_of(const client::TopicInfo& topic) {
  JsonObject configs;
  for (const auto& [name, value] : topic.configs) configs.add(name, json_text(value));
  return JsonObject()
      .add("name", json_text(topic.name))
      .add("id", json_text(topic.id.hex()))
      .add("partitions", std::to_string(topic.partitions))
      .add("replication_factor", std::to_string(topic.replication_factor))
      .add("configs", configs.text())
      .text();
}

std::string json_of(const rpc::ActorRow& row) {
  return JsonObject()
      .add("node", std::to_string(row.node.value))
      .add("id", std::to_string(row.id))
      .add("kind", json_text(row.kind))
      .add("name", json_text(row.name))
      .add("thread", json_text(row.thread))
      .add("messages", std::to_string(row.messages))
      .add("processing_ns", std::to_string(row.processing_ns))
      .add("mailbox_depth", std::to_string(row.mailbox_depth))
      .add("mailbox_age_ns", std::to_string(row.mailbox_age_ns))
      .add("answering", row.answering ? "true" : "false")
      .add("state", json_text(row.state))
      .text();
}

template <class Rows>
std::string json_list(const Rows& rows) {
  std::string out = "[";
  for (const auto& row : rows) {
    if (out.size() > 1) out += ',';
    out += json_of(row);
  }
  return out + "]";
}

std::string milliseconds(std::uint64_t ns) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", static_cast<double>(ns) / 1e6);
  return text;
}

std::string configs_of(const client::TopicInfo& topic) {
  std::string out;
  for (const auto& [name, value] : topic.configs) out += (out.empty() ? "" : " ") + name + "=" + value;
  return out;
}

std::string plural(std::uint64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

} // namespace

Status create_topic(client::Client& client, Output& output, const client::CreateTopic& topic) {
  const auto created = client.create_topic(topic);
  if (!created) return created.error();
  if (output.json)
    output.stream << json_of(*created) << '\n';
  else
    output.stream << "created topic " << printable(created->name) << ": " << plural(created->partitions, "partition")
                  << ", replication factor " << created->replication_factor << '\n';
  return ok_status();
}

Status list_topics(client::Client& client, Output& output) {
  const auto topics = client.list_topics();
  if (!topics) return topics.error();
  if (output.json) {
    output.stream << json_list(*topics) << '\n';
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

Status delete_topic(client::Client& client, Output& output, const std::string& name) {
  const auto deleted = client.delete_topic(name);
  if (!deleted) return deleted.error();
  if (output.json)
    output.stream << JsonObject().add("deleted", json_text(name)).text() << '\n';
  else
    output.stream << "deleted topic " << printable(name) << '\n';
  return ok_status();
}

Status list_actors(client::Client& client, Output& output, const client::ActorQuery& query) {
  const auto page = client.actors(query);
  if (!page) return page.error();
  if (output.json) {
    output.stream << JsonObject().add("total", std::to_string(page->total)).add("actors", json_list(page->rows)).text()
                  << '\n';
    return ok_status();
  }
  Table table({"ID", "KIND", "NAME", "THREAD", "MESSAGES", "BUSY MS", "WAITING", "OLDEST MS", "STATE"});
  for (const auto& row : page->rows)
    table.add({std::to_string(row.id), row.kind, row.name, row.thread, std::to_string(row.messages),
               milliseconds(row.processing_ns), std::to_string(row.mailbox_depth), milliseconds(row.mailbox_age_ns),
               row.answering ? row.state : "does not answer"});
  table.print(output.stream);
  if (page->rows.size() < page->total)
    output.stream << page->rows.size() << " of " << plural(page->total, "actor")
                  << "; see others with --kind, --name, --sort or --limit\n";
  return ok_status();
}

} // namespace callboard::cli
