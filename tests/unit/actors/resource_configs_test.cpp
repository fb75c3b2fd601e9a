#include "actors/kafka/resource_configs.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace callboard::kafka {
namespace {

const DescribeConfigsResourceResult& find(const DescribedConfigs& configs, const std::string& name) {
  const auto found = std::find_if(configs.begin(), configs.end(), [&](const auto& c) { return c.name == name; });
  BOOST_REQUIRE_MESSAGE(found != configs.end(), name);
  return *found;
}

TopicRecord topic_with(std::vector<std::pair<std::string, std::string>> configs) {
  TopicRecord topic;
  topic.name = "orders";
  topic.configs = std::move(configs);
  return topic;
}

BOOST_AUTO_TEST_SUITE(kafka_resource_configs)

BOOST_AUTO_TEST_CASE(what_the_topic_sets_wins_over_the_node_and_the_default) {
  NodeConfig config;
  config.topic.retention_ms = 2000;
  const auto configs = configs_of_topic(topic_with({{"retention.ms", "1000"}}), config);
  const auto& retention = find(configs, "retention.ms");
  BOOST_TEST(retention.value.value() == "1000");
  BOOST_TEST(retention.config_source == config_of_topic);
  BOOST_TEST(retention.config_type == 5);
  BOOST_TEST(!retention.read_only);
  BOOST_REQUIRE(retention.synonyms.size() == 3U);
  BOOST_TEST(retention.synonyms[1].value.value() == "2000");
  BOOST_TEST(retention.synonyms[1].source == config_of_static_broker);
  BOOST_TEST(retention.synonyms[2].value.value() == "604800000");
  BOOST_TEST(retention.synonyms[2].source == config_default);
}

BOOST_AUTO_TEST_CASE(what_the_node_sets_is_told_as_the_brokers) {
  NodeConfig config;
  config.topic.durability = "interval";
  const auto configs = configs_of_topic(topic_with({}), config);
  const auto& durability = find(configs, "callboard.durability");
  BOOST_TEST(durability.value.value() == "interval");
  BOOST_TEST(durability.config_source == config_of_static_broker);
  BOOST_TEST(find(configs, "segment.bytes").config_source == config_default);
}

BOOST_AUTO_TEST_CASE(clients_find_what_they_look_up) {
  const auto configs = configs_of_topic(topic_with({}), {});
  for (const auto* name : {"cleanup.policy", "retention.ms", "retention.bytes", "segment.bytes", "max.message.bytes",
                           "min.insync.replicas", "message.timestamp.type", "compression.type"}) {
    const auto& config = find(configs, name);
    BOOST_TEST(!config.value->empty(), name);
    BOOST_TEST(!config.documentation->empty(), name);
    BOOST_TEST(!config.is_sensitive, name);
  }
}

BOOST_AUTO_TEST_CASE(a_broker_tells_its_settings_and_none_can_be_changed) {
  NodeConfig config;
  config.auto_create_topics = false;
  const auto configs = configs_of_broker(config, NodeId{3});
  BOOST_TEST(std::all_of(configs.begin(), configs.end(), [](const auto& c) { return c.read_only; }));
  BOOST_TEST(find(configs, "broker.id").value.value() == "3");
  BOOST_TEST(find(configs, "num.partitions").value.value() == "1");
  BOOST_TEST(find(configs, "default.replication.factor").value.value() == "1");
  BOOST_TEST(find(configs, "message.max.bytes").value.value() == "1048588");
  const auto& auto_create = find(configs, "auto.create.topics.enable");
  BOOST_TEST(auto_create.value.value() == "false");
  BOOST_TEST(auto_create.config_source == config_of_static_broker);
  BOOST_TEST(auto_create.synonyms.back().value.value() == "true");
}

BOOST_AUTO_TEST_CASE(configurations_stand_in_the_order_of_their_names) {
  const auto sorted = [](const DescribedConfigs& configs) {
    return std::is_sorted(configs.begin(), configs.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  };
  BOOST_TEST(sorted(configs_of_topic(topic_with({}), {})));
  BOOST_TEST(sorted(configs_of_broker({}, NodeId{1})));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::kafka
