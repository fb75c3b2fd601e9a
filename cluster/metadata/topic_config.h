#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/controller_command.h"
#include "schema/result.h"

namespace callboard::metadata {

// How much a reply promises (`callboard.durability`).
enum class Durability : std::uint8_t {
  fsync = 1,    // on disk before the reply
  interval = 2, // on disk within the flush interval
};

// What a topic's configuration says, as far as it changes anything. The node's own
// configuration fills one as the default of every topic.
struct TopicConfig {
  std::int64_t retention_ms = 7LL * 24 * 3600 * 1000; // -1: keep for ever
  std::int64_t retention_bytes = -1;                  // of a partition's batches; -1: no bound
  std::int64_t segment_bytes = std::int64_t{128} << 20;
  std::int64_t segment_ms = 7LL * 24 * 3600 * 1000;
  std::int64_t max_message_bytes = 1048588; // of one batch, its header included
  std::int64_t min_insync_replicas = 1;
  bool log_append_time = false; // message.timestamp.type
  // cleanup.policy: either or both; what the rest says is for compact.
  bool cleanup_delete = true;
  bool cleanup_compact = false;
  double min_cleanable_dirty_ratio = 0.5;
  std::int64_t min_compaction_lag_ms = 0;
  std::int64_t max_compaction_lag_ms = std::numeric_limits<std::int64_t>::max();
  std::int64_t delete_retention_ms = 24LL * 3600 * 1000; // of tombstones
  Durability durability = Durability::fsync;

  bool operator==(const TopicConfig&) const = default;
};

// The values of `configs` over `defaults`. Names are Kafka's (TopicConfig of its
// clients) and `callboard.durability`. Those that Kafka knows and that mean nothing
// here (flush.ms, index.interval.bytes, ...) are checked as Kafka checks them and
// have no effect. Error: invalid_config, naming key, value and what is allowed.
Result<TopicConfig> parse_topic_config(const TopicConfigs& configs, const TopicConfig& defaults);

// How much of a value's text is kept.
inline constexpr std::size_t config_value_bytes_max = 4096;

// Kafka's numbers of a configuration's type (DescribeConfigs).
enum class ConfigType : std::uint8_t { boolean = 1, text = 2, int32 = 3, int64 = 5, decimal = 6, list = 7 };

// nullopt: topics have no configuration of this name.
std::optional<ConfigType> topic_config_type(std::string_view name);
// The error that says so: invalid_config.
Error unknown_topic_config(std::string_view name);

struct DescribedConfig {
  std::string_view name;
  ConfigType type = ConfigType::text;
  std::string value;
  bool set = false;        // by the topic; otherwise the default
  bool has_effect = false; // false: known to Kafka, kept, and ignored
};

// Every configuration of a topic, by name.
std::vector<DescribedConfig> describe_topic_config(const TopicConfigs& configs, const TopicConfig& defaults);

} // namespace callboard::metadata
