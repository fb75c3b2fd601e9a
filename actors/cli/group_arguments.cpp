#include <CLI/CLI.hpp>
#include <memory>

#include "actors/cli/arguments.h"
#include "actors/cli/group_commands.h"

namespace callboard::cli {
namespace {

using Kind = ResetTarget::Kind;

void add_of_id(CLI::App& group, Arguments& arguments, const char* name, const char* what,
               Status (*run)(client::Client&, Output&, const std::string&)) {
  auto chosen = std::make_shared<std::string>();
  auto* command = group.add_subcommand(name, what);
  command->add_option("GROUP", *chosen)->required();
  command->callback([&arguments, chosen, run] {
    arguments.command = [chosen, run](auto& client, auto& output) { return run(client, output, *chosen); };
  });
}

struct ResetArguments {
  ResetOptions options;
  std::vector<std::string> topics;
};

std::string check_topic(const std::string& text) {
  const auto parsed = parse_reset_topic(text);
  return parsed ? std::string() : parsed.error().message;
}

// Exactly one of them.
void add_targets(CLI::App& reset, ResetTarget& target) {
  auto* targets = reset.add_option_group("Where to");
  const auto flag = [&](const char* name, Kind kind, const char* what) {
    targets->add_flag_callback(
        name, [&target, kind] { target.kind = kind; }, what);
  };
  const auto value = [&](const char* name, Kind kind, const char* type, const char* what) {
    return targets->add_option(name, target.value, what)->type_name(type)->each([&target, kind](const std::string&) {
      target.kind = kind;
    });
  };
  flag("--to-earliest", Kind::earliest, "The first record there is");
  flag("--to-latest", Kind::latest, "Behind the last record");
  value("--to-offset", Kind::offset, "N", "This offset")->check(CLI::NonNegativeNumber);
  value("--to-time", Kind::time, "MS", "The first record of this time or later, in ms since 1970 UTC")
      ->check(CLI::NonNegativeNumber);
  value("--shift-by", Kind::shift, "N", "N records on; back if N is negative");
  targets->require_option(1);
}

void add_reset(CLI::App& group, Arguments& arguments) {
  auto read = std::make_shared<ResetArguments>();
  auto* reset =
      group.add_subcommand("reset", "Show, and with --execute set, from where a group without members goes on");
  reset->add_option("GROUP", read->options.group)->required();
  reset->add_option("--topic", read->topics, "A topic, or one partition of it; may be repeated")
      ->type_name("TOPIC[:PARTITION]")
      ->required()
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(check_topic);
  add_targets(*reset, read->options.target);
  reset->add_flag("--execute", read->options.execute, "Do it; otherwise it is only shown what would change");
  reset->callback([&arguments, read] {
    for (const auto& topic : read->topics) read->options.topics.push_back(*parse_reset_topic(topic));
    arguments.command = [read](auto& client, auto& output) { return reset_group(client, output, read->options); };
  });
}

} // namespace

void add_group(CLI::App& app, Arguments& arguments) {
  auto* group = app.add_subcommand("group", "List, describe, reset and delete consumer groups");
  group->require_subcommand(1);
  group->add_subcommand("list", "List groups by id")->callback([&arguments] { arguments.command = list_groups; });
  add_of_id(*group, arguments, "describe", "Show a group's members, its offsets, its lag, and why it last rebalanced",
            describe_group);
  add_reset(*group, arguments);
  add_of_id(*group, arguments, "delete", "Delete a group without members, and its offsets", delete_group);
}

} // namespace callboard::cli
