#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <memory>

#include "actors/cli/arguments.h"

namespace callboard::cli {
namespace {

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

std::string milliseconds(std::uint64_t ns) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", static_cast<double>(ns) / 1e6);
  return text;
}

Status list_actors(client::Client& client, Output& output, const client::ActorQuery& query) {
  const auto page = client.actors(query);
  if (!page) return page.error();
  if (output.json) {
    output.stream
        << JsonObject().add("total", std::to_string(page->total)).add("actors", json_list(page->rows, json_of)).text()
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

} // namespace

void add_actors(CLI::App& app, Arguments& arguments) {
  static const std::map<std::string, rpc::ActorOrder> orders{{"depth", rpc::ActorOrder::mailbox_depth},
                                                             {"age", rpc::ActorOrder::mailbox_age},
                                                             {"busy", rpc::ActorOrder::processing},
                                                             {"messages", rpc::ActorOrder::messages},
                                                             {"name", rpc::ActorOrder::name}};
  auto query = std::make_shared<client::ActorQuery>();
  auto* actors = app.add_subcommand("actors", "What every actor of the node is doing");
  actors->add_option("--kind", query->kind, "Only these: partition, connection, writer ...");
  actors->add_option("--name", query->name_pattern, "Only those with this in their name");
  actors->add_option("--sort", query->order, "depth, age, busy, messages or name")
      ->type_name("ORDER")
      ->transform(CLI::CheckedTransformer(orders, CLI::ignore_case).description(""));
  actors->add_option("--limit", query->limit, "Rows, at most 200")
      ->check(CLI::Range(1U, rpc::actor_rows_max))
      ->capture_default_str();
  actors->callback([&arguments, query] {
    arguments.command = [query](auto& client, auto& output) { return list_actors(client, output, *query); };
  });
}

} // namespace callboard::cli
