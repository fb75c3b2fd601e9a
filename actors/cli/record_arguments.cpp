#include <CLI/CLI.hpp>
#include <map>
#include <memory>

#include "actors/cli/arguments.h"
#include "actors/cli/consume_command.h"
#include "actors/cli/produce_command.h"

namespace callboard::cli {
namespace {

struct ProduceArguments {
  ProduceOptions options;
  std::vector<std::string> headers;
  std::string acks = "all";
};

const std::map<std::string, client::Acks>& acks_by_name() {
  static const std::map<std::string, client::Acks> names{
      {"all", client::Acks::all},  {"-1", client::Acks::all},    {"leader", client::Acks::leader},
      {"1", client::Acks::leader}, {"none", client::Acks::none}, {"0", client::Acks::none},
  };
  return names;
}

struct ConsumeArguments {
  ConsumeOptions options;
  std::vector<std::int32_t> partitions;
  std::string start = "beginning";
  std::string format = "%s\\n";
};

std::string check_start(const std::string& text) {
  const auto parsed = parse_start(text);
  return parsed ? std::string() : parsed.error().message;
}

std::string check_format(const std::string& text) {
  const auto parsed = RecordFormat::parse(text);
  return parsed ? std::string() : parsed.error().message;
}

constexpr const char* format_help =
    "How to print a record: %s value, %k key, %S and %K their lengths, %R the value's as 4 bytes, %t topic, "
    "%p partition, %o offset, %T timestamp in ms, %h headers, %% percent, \\n \\r \\t \\0 \\\\ \\xNN";

} // namespace

void add_produce(CLI::App& app, Arguments& arguments) {
  auto read = std::make_shared<ProduceArguments>();
  auto& options = read->options;
  auto* produce = app.add_subcommand("produce", "Make each line of the input a record");
  produce->add_option("TOPIC", options.topic)->required();
  produce->add_option("FILE", options.file, "What to read; - is the standard input")->capture_default_str();
  produce
      ->add_option("-p,--partition", options.partition,
                   "Where to; else the key decides, and without one they take turns")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  auto* separator =
      produce->add_option("-k,-K,--key-separator", options.separator, "A line is KEY, this, VALUE")->type_name("TEXT");
  produce->add_option("--key", options.key, "Of every record")->type_name("KEY")->excludes(separator);
  produce->add_option("-H,--header", read->headers, "Of every record; may be repeated")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(check_assignment);
  produce->add_option("--acks", read->acks, "Wait for all replicas in sync, for the leader, or not: all, leader, none")
      ->type_name("ACKS")
      ->capture_default_str()
      ->check(CLI::IsMember(acks_by_name()).description(""));
  produce->add_flag("--null", options.empty_is_null, "An empty key or value is null: a tombstone");
  produce->callback([&arguments, read] {
    if (read->options.separator && read->options.separator->empty())
      throw CLI::ValidationError("--key-separator needs at least one character");
    read->options.acks = acks_by_name().at(read->acks);
    for (const auto& header : read->headers) {
      auto [name, value] = split_assignment(header);
      read->options.headers.push_back({std::move(name), std::move(value)});
    }
    arguments.command = [read](auto& client, auto& output) { return cli::produce(client, output, read->options); };
  });
}

void add_consume(CLI::App& app, Arguments& arguments) {
  auto read = std::make_shared<ConsumeArguments>();
  auto& options = read->options;
  auto* consume = app.add_subcommand("consume", "Print a topic's records, and those that come");
  consume->add_option("TOPIC", options.topic)->required();
  consume->add_option("-p,--partition", read->partitions, "Only this one; may be repeated")
      ->type_name("N")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(CLI::NonNegativeNumber);
  consume
      ->add_option("-o,--offset", read->start,
                   "Where to begin: beginning, end, an offset, -N for the last N, @TIMESTAMP_MS")
      ->type_name("PLACE")
      ->capture_default_str()
      ->check(check_start);
  consume->add_option("-c,--count", options.count, "End after so many records")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  consume->add_flag("-e,--exit", options.exit_at_end, "End when all that is there has been read");
  auto* format = consume->add_option("-f,--print", read->format, format_help)
                     ->type_name("FORMAT")
                     ->capture_default_str()
                     ->check(check_format);
  consume->add_flag("--null", options.null_as_text, "Show null keys and values as NULL");
  consume->callback([&arguments, read, format] {
    if (arguments.common.json && format->count() > 0)
      throw CLI::ValidationError("--format json and --print exclude each other; give one of them");
    read->options.partitions.insert(read->partitions.begin(), read->partitions.end());
    read->options.start = *parse_start(read->start);
    read->options.format = *RecordFormat::parse(read->format);
    arguments.command = [read](auto& client, auto& output) { return cli::consume(client, output, read->options); };
  });
}

} // namespace callboard::cli
