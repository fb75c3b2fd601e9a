#include "actors/cli/cli.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>

#include "actors/cli/commands.h"

namespace callboard::cli {
namespace {

// Runs with a connected client.
using Command = std::function<Status(client::Client&, Output&)>;

int fail(const Error& error) {
  std::cerr << "callboard: " << printable(error.message) << '\n';
  if (error.code == ErrorCode::network_exception)
    std::cerr << "Start a node with `callboard start`, or name another one with --bootstrap HOST:PORT.\n";
  return 1;
}

int run_command(const Command& command, const CommonOptions& common) {
  auto client = client::Client::connect(common.bootstrap);
  if (!client) return fail(client.error());
  Output output{std::cout, common.json};
  const auto status = command(*client, output);
  if (!status) return fail(status.error());
  std::cout.flush();
  return std::cout ? 0 : fail({ErrorCode::storage_io, "the output could not be written"});
}

std::string check_config(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) return "\"" + text + "\" is no config; write NAME=VALUE";
  return {};
}

rpc::Configs split_configs(const std::vector<std::string>& texts) {
  rpc::Configs configs;
  for (const auto& text : texts) {
    const auto equals = text.find('=');
    configs.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return configs;
}

// Everything that the command line fills in, and the command it chose.
struct Parsed {
  CommonOptions common;
  client::CreateTopic creating;
  std::vector<std::string> configs;
  std::string topic;
  client::ActorQuery actors;
  Command command;
};

void add_common(CLI::App& app, Parsed& parsed) {
  app.add_option("--bootstrap", parsed.common.bootstrap, "The node to speak to")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app.add_option("--format", "text or json")
      ->type_name("FORMAT")
      ->default_str("text")
      ->check(CLI::IsMember({"text", "json"}))
      ->each([&parsed](const std::string& format) { parsed.common.json = format == "json"; });
}

void add_topic(CLI::App& app, Parsed& parsed) {
  auto* topic = app.add_subcommand("topic", "Create, list and delete topics");
  topic->require_subcommand(1);

  auto* create = topic->add_subcommand("create", "Create a topic; returns when it can be used");
  create->add_option("NAME", parsed.creating.name)->required();
  create->add_option("--partitions", parsed.creating.partitions, "How many; the node's default if not given")
      ->check(CLI::PositiveNumber);
  create->add_option("--replication-factor", parsed.creating.replication_factor, "Copies of each partition")
      ->check(CLI::PositiveNumber);
  create->add_option("--config", parsed.configs, "As retention.ms=60000; may be repeated")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(check_config);
  create->callback([&parsed] {
    parsed.creating.configs = split_configs(parsed.configs);
    parsed.command = [&parsed](auto& client, auto& output) { return create_topic(client, output, parsed.creating); };
  });

  topic->add_subcommand("list", "List topics by name")->callback([&parsed] { parsed.command = list_topics; });

  auto* remove = topic->add_subcommand("delete", "Delete a topic and its records, for good");
  remove->add_option("NAME", parsed.topic)->required();
  remove->callback([&parsed] {
    parsed.command = [&parsed](auto& client, auto& output) { return delete_topic(client, output, parsed.topic); };
  });
}

void add_actors(CLI::App& app, Parsed& parsed) {
  static const std::map<std::string, rpc::ActorOrder> orders{{"depth", rpc::ActorOrder::mailbox_depth},
                                                             {"age", rpc::ActorOrder::mailbox_age},
                                                             {"busy", rpc::ActorOrder::processing},
                                                             {"messages", rpc::ActorOrder::messages},
                                                             {"name", rpc::ActorOrder::name}};
  auto* actors = app.add_subcommand("actors", "What every actor of the node is doing");
  actors->add_option("--kind", parsed.actors.kind, "Only these: partition, connection, writer ...");
  actors->add_option("--name", parsed.actors.name_pattern, "Only those with this in their name");
  actors->add_option("--sort", parsed.actors.order, "depth, age, busy, messages or name")
      ->type_name("ORDER")
      ->transform(CLI::CheckedTransformer(orders, CLI::ignore_case).description(""));
  actors->add_option("--limit", parsed.actors.limit, "Rows, at most 200")
      ->check(CLI::Range(1U, rpc::actor_rows_max))
      ->capture_default_str();
  actors->callback([&parsed] {
    parsed.command = [&parsed](auto& client, auto& output) { return list_actors(client, output, parsed.actors); };
  });
}

} // namespace

int run(int argc, const char* const* argv, const StartCommand& start) {
  CLI::App app("Callboard, a message broker made of actors", "callboard");
  app.set_version_flag("--version", "callboard " CALLBOARD_VERSION);
  app.require_subcommand(1);
  app.fallthrough(); // common options are understood behind a sub-command too
  Parsed parsed;
  add_common(app, parsed);
  auto* starting = app.add_subcommand("start", "Run a node until SIGTERM or Ctrl-C");
  start.add_options(*starting);
  add_topic(app, parsed);
  add_actors(app, parsed);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  return starting->parsed() ? start.run(parsed.common) : run_command(parsed.command, parsed.common);
}

} // namespace callboard::cli
