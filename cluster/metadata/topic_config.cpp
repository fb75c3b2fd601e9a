#include "cluster/metadata/topic_config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <span>
#include <variant>

namespace callboard::metadata {
namespace {

using Text = std::string_view;

constexpr std::int64_t int32_max = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();

// How the text of a value is checked and what it sets. A rule without a field belongs
// to a name that has no effect here; it brings Kafka's default as text.
struct Number {
  std::int64_t min;
  std::int64_t max;
  std::int64_t TopicConfig::*field = nullptr;
  Text kept_default = {};
};
struct Choice {
  std::span<const Text> names;
  void (*set)(TopicConfig&, std::size_t) = nullptr;
  std::size_t (*get)(const TopicConfig&) = nullptr;
  Text kept_default = {};
};
struct Fraction { // from 0 to 1
  double TopicConfig::*field = nullptr;
};
struct AnyText {};
struct CleanupPolicy {}; // a list of delete and compact

struct Key {
  Text name;
  ConfigType type;
  std::variant<Number, Choice, Fraction, AnyText, CleanupPolicy> rule;
};

constexpr std::array<Text, 2> booleans{"false", "true"};
constexpr std::array<Text, 1> only_false{"false"};
constexpr std::array<Text, 2> durabilities{"fsync", "interval"};
constexpr std::array<Text, 2> timestamp_types{"CreateTime", "LogAppendTime"};
constexpr std::array<Text, 6> compression_types{"producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"};

constexpr Choice durability_choice{
    durabilities,
    [](TopicConfig& config, std::size_t i) { config.durability = i == 0 ? Durability::fsync : Durability::interval; },
    [](const TopicConfig& config) -> std::size_t { return config.durability == Durability::fsync ? 0 : 1; }};
constexpr Choice timestamp_choice{timestamp_types,
                                  [](TopicConfig& config, std::size_t i) { config.log_append_time = i == 1; },
                                  [](const TopicConfig& config) -> std::size_t { return config.log_append_time; }};

constexpr Choice ignored_choice(std::span<const Text> names, Text kept_default) {
  return {names, nullptr, nullptr, kept_default};
}
constexpr Number ignored_number(std::int64_t min, std::int64_t max, Text kept_default) {
  return {min, max, nullptr, kept_default};
}

// By name. Batches stay as their producer compressed them, whatever compression.type
// says; a partition has one place for its segments and no index files; a write
// reaches the disk as callboard.durability says.
constexpr std::array keys{
    Key{"callboard.durability", ConfigType::text, durability_choice},
    Key{"cleanup.policy", ConfigType::list, CleanupPolicy{}},
    Key{"compression.gzip.level", ConfigType::int32, ignored_number(-1, 9, "-1")},
    Key{"compression.lz4.level", ConfigType::int32, ignored_number(1, 17, "9")},
    Key{"compression.type", ConfigType::text, ignored_choice(compression_types, "producer")},
    Key{"compression.zstd.level", ConfigType::int32, ignored_number(-131072, 22, "3")},
    Key{"delete.retention.ms", ConfigType::int64, Number{0, int64_max, &TopicConfig::delete_retention_ms}},
    Key{"file.delete.delay.ms", ConfigType::int64, ignored_number(0, int64_max, "60000")},
    Key{"flush.messages", ConfigType::int64, ignored_number(1, int64_max, "9223372036854775807")},
    Key{"flush.ms", ConfigType::int64, ignored_number(0, int64_max, "9223372036854775807")},
    Key{"follower.replication.throttled.replicas", ConfigType::list, AnyText{}},
    Key{"index.interval.bytes", ConfigType::int32, ignored_number(0, int32_max, "4096")},
    Key{"leader.replication.throttled.replicas", ConfigType::list, AnyText{}},
    Key{"local.retention.bytes", ConfigType::int64, ignored_number(-2, int64_max, "-2")},
    Key{"local.retention.ms", ConfigType::int64, ignored_number(-2, int64_max, "-2")},
    Key{"max.compaction.lag.ms", ConfigType::int64, Number{1, int64_max, &TopicConfig::max_compaction_lag_ms}},
    Key{"max.message.bytes", ConfigType::int32, Number{0, int32_max, &TopicConfig::max_message_bytes}},
    Key{"message.downconversion.enable", ConfigType::boolean, ignored_choice(booleans, "true")},
    Key{"message.format.version", ConfigType::text, AnyText{}},
    Key{"message.timestamp.after.max.ms", ConfigType::int64, ignored_number(0, int64_max, "3600000")},
    Key{"message.timestamp.before.max.ms", ConfigType::int64, ignored_number(0, int64_max, "9223372036854775807")},
    Key{"message.timestamp.difference.max.ms", ConfigType::int64, ignored_number(0, int64_max, "9223372036854775807")},
    Key{"message.timestamp.type", ConfigType::text, timestamp_choice},
    Key{"min.cleanable.dirty.ratio", ConfigType::decimal, Fraction{&TopicConfig::min_cleanable_dirty_ratio}},
    Key{"min.compaction.lag.ms", ConfigType::int64, Number{0, int64_max, &TopicConfig::min_compaction_lag_ms}},
    Key{"min.insync.replicas", ConfigType::int32, Number{1, int32_max, &TopicConfig::min_insync_replicas}},
    Key{"preallocate", ConfigType::boolean, ignored_choice(booleans, "false")},
    Key{"remote.storage.enable", ConfigType::boolean, ignored_choice(only_false, "false")},
    Key{"retention.bytes", ConfigType::int64, Number{-1, int64_max, &TopicConfig::retention_bytes}},
    Key{"retention.ms", ConfigType::int64, Number{-1, int64_max, &TopicConfig::retention_ms}},
    Key{"segment.bytes", ConfigType::int32, Number{1 << 20, int32_max, &TopicConfig::segment_bytes}},
    Key{"segment.index.bytes", ConfigType::int32, ignored_number(4, int32_max, "10485760")},
    Key{"segment.jitter.ms", ConfigType::int64, ignored_number(0, int64_max, "0")},
    Key{"segment.ms", ConfigType::int64, Number{1, int64_max, &TopicConfig::segment_ms}},
    Key{"unclean.leader.election.enable", ConfigType::boolean, ignored_choice(booleans, "false")},
};
static_assert(std::is_sorted(keys.begin(), keys.end(), [](const Key& a, const Key& b) { return a.name < b.name; }));

Text trimmed(Text text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == Text::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

template <class T>
std::optional<T> whole_text_as(Text text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Error refused(Text name, Text value, const std::string& allowed) {
  constexpr std::size_t shown_max = 100;
  const bool cut = value.size() > shown_max;
  return {ErrorCode::invalid_config, std::string(name) + " is \"" + std::string(value.substr(0, shown_max)) +
                                         (cut ? "...\"; " : "\"; ") + allowed + "."};
}

Status set(const Key& key, const Number& rule, Text value, TopicConfig& config) {
  const auto number = whole_text_as<std::int64_t>(value);
  if (!number || *number < rule.min || *number > rule.max) {
    return refused(key.name, value,
                   "it must be a whole number from " + std::to_string(rule.min) + " to " + std::to_string(rule.max));
  }
  if (rule.field) config.*rule.field = *number;
  return ok_status();
}

Status set(const Key& key, const Choice& rule, Text value, TopicConfig& config) {
  std::string wanted(value);
  if (key.type == ConfigType::boolean) std::transform(wanted.begin(), wanted.end(), wanted.begin(), to_lower);
  const auto found = std::find(rule.names.begin(), rule.names.end(), wanted);
  if (found == rule.names.end()) {
    std::string allowed = "it must be";
    for (const auto name : rule.names) {
      if (name != rule.names.front()) allowed += name == rule.names.back() ? " or" : ",";
      allowed += " " + std::string(name);
    }
    return refused(key.name, value, allowed);
  }
  if (rule.set) rule.set(config, static_cast<std::size_t>(found - rule.names.begin()));
  return ok_status();
}

Status set(const Key& key, const Fraction& rule, Text value, TopicConfig& config) {
  const auto number = whole_text_as<double>(value);
  if (!number || !(*number >= 0 && *number <= 1)) return refused(key.name, value, "it must be a number from 0 to 1");
  config.*rule.field = *number;
  return ok_status();
}

Status set(const Key&, const AnyText&, Text, TopicConfig&) {
  return ok_status();
}

Status set(const Key& key, const CleanupPolicy&, Text value, TopicConfig& config) {
  config.cleanup_delete = config.cleanup_compact = false;
  for (Text rest = value;;) {
    const auto comma = rest.find(',');
    const auto policy = trimmed(rest.substr(0, comma));
    if (policy != "delete" && policy != "compact")
      return refused(key.name, value, "it must be delete, compact or both, with a comma between");
    (policy == "delete" ? config.cleanup_delete : config.cleanup_compact) = true;
    if (comma == Text::npos) return ok_status();
    rest.remove_prefix(comma + 1);
  }
}

std::string default_of(const Number& rule, const TopicConfig& defaults) {
  return rule.field ? std::to_string(defaults.*rule.field) : std::string(rule.kept_default);
}
std::string default_of(const Choice& rule, const TopicConfig& defaults) {
  return std::string(rule.get ? rule.names[rule.get(defaults)] : rule.kept_default);
}
std::string default_of(const Fraction& rule, const TopicConfig& defaults) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), defaults.*rule.field);
  return {text.data(), end};
}
std::string default_of(const AnyText&, const TopicConfig&) {
  return {};
}
std::string default_of(const CleanupPolicy&, const TopicConfig& defaults) {
  if (!defaults.cleanup_compact) return "delete";
  return defaults.cleanup_delete ? "compact,delete" : "compact";
}

bool has_effect(const Key& key) {
  if (const auto* number = std::get_if<Number>(&key.rule)) return number->field != nullptr;
  if (const auto* choice = std::get_if<Choice>(&key.rule)) return choice->set != nullptr;
  return std::holds_alternative<CleanupPolicy>(key.rule) || std::holds_alternative<Fraction>(key.rule);
}

const Key* find_key(Text name) {
  const auto* found =
      std::lower_bound(keys.begin(), keys.end(), name, [](const Key& key, Text n) { return key.name < n; });
  return found == keys.end() || found->name != name ? nullptr : found;
}

} // namespace

std::optional<ConfigType> topic_config_type(std::string_view name) {
  const auto* key = find_key(name);
  return key == nullptr ? std::nullopt : std::optional(key->type);
}

Error unknown_topic_config(std::string_view name) {
  return {ErrorCode::invalid_config, "Unknown topic configuration \"" + std::string(name.substr(0, 100)) +
                                         "\"; names are those of Kafka's topics and callboard.durability."};
}

Result<TopicConfig> parse_topic_config(const TopicConfigs& configs, const TopicConfig& defaults) {
  auto config = defaults;
  for (auto it = configs.begin(); it != configs.end(); ++it) {
    const auto& name = it->first;
    const auto& value = it->second;
    if (std::any_of(configs.begin(), it, [&](const auto& earlier) { return earlier.first == name; })) {
      return refused(name, value, "it is given twice");
    }
    const auto* key = find_key(name);
    if (key == nullptr) return unknown_topic_config(name);
    if (value.size() > config_value_bytes_max)
      return refused(name, value, "it must be at most " + std::to_string(config_value_bytes_max) + " bytes");
    const auto known = std::visit([&](const auto& rule) { return set(*key, rule, trimmed(value), config); }, key->rule);
    if (!known.ok()) return known.error();
  }
  if (config.min_compaction_lag_ms > config.max_compaction_lag_ms)
    return refused("min.compaction.lag.ms", std::to_string(config.min_compaction_lag_ms),
                   "it must be at most max.compaction.lag.ms, " + std::to_string(config.max_compaction_lag_ms));
  return config;
}

std::vector<DescribedConfig> describe_topic_config(const TopicConfigs& configs, const TopicConfig& defaults) {
  std::vector<DescribedConfig> described;
  described.reserve(keys.size());
  for (const auto& key : keys) {
    const auto found =
        std::find_if(configs.begin(), configs.end(), [&](const auto& config) { return config.first == key.name; });
    DescribedConfig config{key.name, key.type, {}, found != configs.end(), has_effect(key)};
    config.value =
        config.set ? found->second : std::visit([&](const auto& rule) { return default_of(rule, defaults); }, key.rule);
    described.push_back(std::move(config));
  }
  return described;
}

} // namespace callboard::metadata
