#include <CLI/CLI.hpp>
#include <memory>
#include <set>

#include "actors/cli/arguments.h"
#include "actors/cli/topic_commands.h"

namespace callboard::cli {
namespace {

void add_create(CLI::App& topic, Arguments& arguments) {
  struct Options {
    client::CreateTopic topic;
    std::vector<std::string> configs;
  };
  auto options = std::make_shared<Options>();
  auto* create = topic.add_subcommand("create", "Create a topic; returns when it can be used");
  create->add_option("NAME", options->topic.name)->required();
  create->add_option("--partitions", options->topic.partitions, "How many; the node's default if not given")
      ->check(CLI::PositiveNumber);
  create->add_option("--replication-factor", options->topic.replication_factor, "Copies of each partition")
      ->check(CLI::PositiveNumber);
  create->add_option("--config", options->configs, "As retention.ms=60000; may be repeated")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(check_assignment);
  create->callback([&arguments, options] {
    for (const auto& config : options->configs) options->topic.configs.push_back(split_assignment(config));
    arguments.command = [options](auto& client, auto& output) { return create_topic(client, output, options->topic); };
  });
}

// A command that takes a topic's name and nothing else.
void add_of_name(CLI::App& topic, Arguments& arguments, const char* name, const char* what,
                 Status (*run)(client::Client&, Output&, const std::string&)) {
  auto chosen = std::make_shared<std::string>();
  auto* command = topic.add_subcommand(name, what);
  command->add_option("NAME", *chosen)->required();
  command->callback([&arguments, chosen, run] {
    arguments.command = [chosen, run](auto& client, auto& output) { return run(client, output, *chosen); };
  });
}

struct AlterOptions {
  client::AlterTopic topic;
  std::vector<std::string> set;
  std::vector<std::string> unset;
};

void read_changes(AlterOptions& options) {
  std::set<std::string> named;
  const auto change = [&](std::string name, std::optional<std::string> value) {
    if (!named.insert(name).second)
      throw CLI::ValidationError("\"" + name + "\" is set or unset more than once; name it once");
    options.topic.changes.push_back({std::move(name), std::move(value)});
  };
  for (const auto& text : options.set) {
    auto [name, value] = split_assignment(text);
    change(std::move(name), std::move(value));
  }
  for (const auto& name : options.unset) change(name, std::nullopt);
  if (options.topic.changes.empty() && options.topic.partitions < 0)
    throw CLI::ValidationError("there is nothing to alter; give --set, --unset or --partitions");
}

void add_alter(CLI::App& topic, Arguments& arguments) {
  auto options = std::make_shared<AlterOptions>();
  auto* alter = topic.add_subcommand("alter", "Change a topic's configuration, with effect at once, or add partitions");
  alter->add_option("NAME", options->topic.name)->required();
  alter->add_option("--set,--config", options->set, "As retention.ms=60000; may be repeated")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(check_assignment);
  alter->add_option("--unset", options->unset, "Back to the node's default; may be repeated")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  alter->add_option("--partitions", options->topic.partitions, "How many in all; never fewer than there are")
      ->check(CLI::PositiveNumber);
  alter->callback([&arguments, options] {
    read_changes(*options);
    arguments.command = [options](auto& client, auto& output) { return alter_topic(client, output, options->topic); };
  });
}

} // namespace

std::string check_assignment(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) return "\"" + text + "\" does not fit; write NAME=VALUE";
  return {};
}

std::pair<std::string, std::string> split_assignment(const std::string& text) {
  const auto equals = text.find('=');
  return {text.substr(0, equals), text.substr(equals + 1)};
}

void add_topic(CLI::App& app, Arguments& arguments) {
  auto* topic = app.add_subcommand("topic", "Create, list, describe, alter, move and delete topics");
  topic->require_subcommand(1);
  add_create(*topic, arguments);
  topic->add_subcommand("list", "List topics by name")->callback([&arguments] { arguments.command = list_topics; });
  add_of_name(*topic, arguments, "describe", "Show a topic's configuration and where each partition stands",
              describe_topic);
  add_alter(*topic, arguments);
  add_topic_moves(*topic, arguments);
  add_of_name(*topic, arguments, "delete", "Delete a topic and its records, for good", delete_topic);
}

} // namespace callboard::cli
