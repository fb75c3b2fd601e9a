#include "actors/kafka/resource_configs.h"

#include <string>
#include <string_view>

#include "actors/node/topic_defaults.h"

namespace callboard::kafka {
namespace {

using metadata::ConfigType;

std::string documentation_of(const metadata::DescribedConfig& config) {
  if (config.name == "callboard.durability")
    return "fsync: what is acknowledged is on disk; interval: it is there within storage.flush_interval_ms.";
  return config.has_effect ? "As in Kafka." : "Known to Kafka; kept here, and without effect.";
}

void add_synonym(DescribeConfigsResourceResult& to, std::string_view name, std::string value, std::int8_t source) {
  to.synonyms.push_back({std::string(name), std::move(value), source});
}

// The first of the synonyms is the one that counts.
void take_source(DescribeConfigsResourceResult& out) {
  out.config_source = out.synonyms.front().source;
  out.is_default = out.config_source == config_default;
}

// A setting of the node under Kafka's name for it.
struct BrokerSetting {
  std::string_view name;
  ConfigType type;
  std::string_view key; // in conf/callboard.toml; empty: not to be set
  std::string (*value)(const NodeConfig&, NodeId self);
};

// By name.
constexpr BrokerSetting broker_settings[] = {
    {"auto.create.topics.enable", ConfigType::boolean, "kafka.auto_create_topics",
     [](const NodeConfig& config, NodeId) { return std::string(config.auto_create_topics ? "true" : "false"); }},
    {"broker.id", ConfigType::int32, "", [](const NodeConfig&, NodeId self) { return std::to_string(self.value); }},
    {"connections.max.idle.ms", ConfigType::int64, "connections.idle_timeout_ms",
     [](const NodeConfig& config, NodeId) { return std::to_string(config.idle_timeout_ms); }},
    {"default.replication.factor", ConfigType::int32, "", [](const NodeConfig&, NodeId) { return std::string("1"); }},
    {"log.retention.bytes", ConfigType::int64, "topics.retention_bytes",
     [](const NodeConfig& config, NodeId) { return std::to_string(config.topic.retention_bytes); }},
    {"log.retention.ms", ConfigType::int64, "topics.retention_ms",
     [](const NodeConfig& config, NodeId) { return std::to_string(config.topic.retention_ms); }},
    {"log.roll.ms", ConfigType::int64, "topics.segment_ms",
     [](const NodeConfig& config, NodeId) { return std::to_string(config.topic.segment_ms); }},
    {"log.segment.bytes", ConfigType::int32, "topics.segment_bytes",
     [](const NodeConfig& config, NodeId) { return std::to_string(config.topic.segment_bytes); }},
    {"max.connections", ConfigType::int32, "connections.connections_max",
     [](const NodeConfig& config, NodeId) { return std::to_string(config.connections_max); }},
    {"message.max.bytes", ConfigType::int32, "topics.max_message_bytes",
     [](const NodeConfig& config, NodeId) { return std::to_string(config.topic.max_message_bytes); }},
    {"min.insync.replicas", ConfigType::int32, "",
     [](const NodeConfig& config, NodeId) { return std::to_string(default_topic_config(config).min_insync_replicas); }},
    {"num.partitions", ConfigType::int32, "topics.default_partitions",
     [](const NodeConfig& config, NodeId) { return std::to_string(config.default_partitions); }},
    {"socket.request.max.bytes", ConfigType::int32, "memory.request_bytes_max",
     [](const NodeConfig& config, NodeId) { return std::to_string(config.request_bytes_max); }},
};

DescribeConfigsResourceResult described(const BrokerSetting& setting, const NodeConfig& config, NodeId self) {
  static const NodeConfig built_in;
  const auto fallback = setting.value(built_in, self);
  DescribeConfigsResourceResult out;
  out.name = setting.name;
  out.value = setting.value(config, self);
  out.read_only = true;
  out.config_type = static_cast<std::int8_t>(setting.type);
  if (out.value != fallback) add_synonym(out, setting.name, *out.value, config_of_static_broker);
  add_synonym(out, setting.name, fallback, config_default);
  take_source(out);
  out.documentation = setting.key.empty() ? std::string("Cannot be set in this version.")
                                          : "Set as " + std::string(setting.key) + " in the node's configuration file.";
  return out;
}

} // namespace

DescribedConfigs configs_of_topic(const TopicRecord& topic, const NodeConfig& config) {
  // The same names in the same order, as they are, without what the topic sets, and
  // without what the node's configuration file sets.
  const auto node_defaults = default_topic_config(config);
  auto own = metadata::describe_topic_config(topic.configs, node_defaults);
  auto by_node = metadata::describe_topic_config({}, node_defaults);
  auto built_in = metadata::describe_topic_config({}, default_topic_config(NodeConfig{}));
  DescribedConfigs configs;
  configs.reserve(own.size());
  for (std::size_t i = 0; i < own.size(); ++i) {
    auto& out = configs.emplace_back();
    const auto name = own[i].name;
    out.name = name;
    out.config_type = static_cast<std::int8_t>(own[i].type);
    out.documentation = documentation_of(own[i]);
    if (own[i].set) add_synonym(out, name, own[i].value, config_of_topic);
    if (by_node[i].value != built_in[i].value) add_synonym(out, name, by_node[i].value, config_of_static_broker);
    add_synonym(out, name, built_in[i].value, config_default);
    take_source(out);
    out.value = std::move(own[i].value);
  }
  return configs;
}

DescribedConfigs configs_of_broker(const NodeConfig& config, NodeId self) {
  DescribedConfigs configs;
  for (const auto& setting : broker_settings) configs.push_back(described(setting, config, self));
  return configs;
}

} // namespace callboard::kafka
