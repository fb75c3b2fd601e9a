#include "cluster/metadata/topic_config.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace callboard::metadata {
namespace {

std::string refusal(const std::string& name, const std::string& value) {
  const auto config = parse_topic_config({{name, value}}, {});
  if (config.ok()) return "accepted";
  BOOST_TEST((config.error().code == ErrorCode::invalid_config));
  return config.error().message;
}

BOOST_AUTO_TEST_SUITE(topic_config)

BOOST_AUTO_TEST_CASE(values_go_over_the_defaults) {
  TopicConfig defaults;
  defaults.retention_ms = 1;
  defaults.segment_ms = 2;
  const auto config = parse_topic_config({{"retention.ms", "-1"},
                                          {"retention.bytes", " 1000 "},
                                          {"segment.bytes", "1048576"},
                                          {"max.message.bytes", "2000"},
                                          {"min.insync.replicas", "2"},
                                          {"message.timestamp.type", "LogAppendTime"},
                                          {"callboard.durability", "interval"},
                                          {"cleanup.policy", "delete"}},
                                         defaults);
  BOOST_REQUIRE(config.ok());
  BOOST_TEST(config->retention_ms == -1);
  BOOST_TEST(config->retention_bytes == 1000);
  BOOST_TEST(config->segment_bytes == 1048576);
  BOOST_TEST(config->segment_ms == 2);
  BOOST_TEST(config->max_message_bytes == 2000);
  BOOST_TEST(config->min_insync_replicas == 2);
  BOOST_TEST(config->log_append_time);
  BOOST_TEST((config->durability == Durability::interval));
}

BOOST_AUTO_TEST_CASE(a_refusal_names_key_value_and_what_is_allowed) {
  BOOST_TEST(refusal("retention.ms", "week") ==
             "retention.ms is \"week\"; it must be a whole number from -1 to 9223372036854775807.");
  BOOST_TEST(refusal("callboard.durability", "maybe") ==
             "callboard.durability is \"maybe\"; it must be fsync or interval.");
  BOOST_TEST(refusal("compression.type", "lzma") ==
             "compression.type is \"lzma\"; it must be producer, uncompressed, gzip, snappy, lz4 or zstd.");
  BOOST_TEST(refusal("cleanup.policy", "compress") ==
             "cleanup.policy is \"compress\"; it must be delete, compact or both, with a comma between.");
  BOOST_TEST(refusal("min.compaction.lag.ms", "9223372036854775807") == "accepted");
  BOOST_TEST(
      refusal("retention.mss", "5") ==
      "Unknown topic configuration \"retention.mss\"; names are those of Kafka's topics and callboard.durability.");
}

BOOST_AUTO_TEST_CASE(compaction_is_configured_as_in_kafka) {
  const auto policy = [](const std::string& value) {
    const auto config = parse_topic_config({{"cleanup.policy", value}}, {});
    BOOST_REQUIRE(config.ok());
    return std::string(config->cleanup_compact ? "c" : "") + (config->cleanup_delete ? "d" : "");
  };
  BOOST_TEST(policy("delete") == "d");
  BOOST_TEST(policy("compact") == "c");
  BOOST_TEST(policy("compact,delete") == "cd");
  BOOST_TEST(policy(" delete , compact ") == "cd");
  const auto config = parse_topic_config({{"cleanup.policy", "compact"},
                                          {"min.cleanable.dirty.ratio", "0.25"},
                                          {"min.compaction.lag.ms", "1000"},
                                          {"max.compaction.lag.ms", "2000"},
                                          {"delete.retention.ms", "3000"}},
                                         {});
  BOOST_REQUIRE(config.ok());
  BOOST_TEST(config->min_cleanable_dirty_ratio == 0.25);
  BOOST_TEST(config->min_compaction_lag_ms == 1000);
  BOOST_TEST(config->max_compaction_lag_ms == 2000);
  BOOST_TEST(config->delete_retention_ms == 3000);
  BOOST_TEST(!parse_topic_config({{"min.compaction.lag.ms", "3000"}, {"max.compaction.lag.ms", "2000"}}, {}).ok());
}

BOOST_AUTO_TEST_CASE(bad_values_are_refused) {
  for (const auto& [name, value] : TopicConfigs{{"retention.ms", "-2"},
                                                {"retention.ms", ""},
                                                {"retention.ms", "1x"},
                                                {"retention.ms", "9223372036854775808"},
                                                {"segment.bytes", "100"},
                                                {"segment.bytes", "2147483648"},
                                                {"min.insync.replicas", "0"},
                                                {"message.timestamp.type", "createtime"},
                                                {"cleanup.policy", ""},
                                                {"cleanup.policy", "delete,"},
                                                {"flush.ms", "often"},
                                                {"preallocate", "yes"},
                                                {"min.cleanable.dirty.ratio", "1.5"},
                                                {"min.cleanable.dirty.ratio", "nan"},
                                                {"remote.storage.enable", "true"},
                                                {"", "1"}}) {
    BOOST_TEST(refusal(name, value) != "accepted", name << "=" << value);
  }
  BOOST_TEST(!parse_topic_config({{"flush.ms", "1"}, {"flush.ms", "2"}}, {}).ok());
}

BOOST_AUTO_TEST_CASE(what_means_nothing_here_is_checked_and_kept) {
  const TopicConfigs configs{{"flush.messages", "1"},
                             {"index.interval.bytes", "8192"},
                             {"preallocate", "True"},
                             {"unclean.leader.election.enable", "false"},
                             {"compression.type", "zstd"}};
  const auto config = parse_topic_config(configs, {});
  BOOST_REQUIRE(config.ok());
  BOOST_TEST((*config == TopicConfig{}));
}

BOOST_AUTO_TEST_CASE(every_configuration_is_described) {
  TopicConfig defaults;
  defaults.max_message_bytes = 5000;
  const auto described = describe_topic_config({{"retention.ms", "123"}}, defaults);
  const auto find = [&](std::string_view name) {
    const auto found =
        std::find_if(described.begin(), described.end(), [&](const auto& config) { return config.name == name; });
    BOOST_REQUIRE(found != described.end());
    return *found;
  };
  BOOST_TEST(find("retention.ms").value == "123");
  BOOST_TEST(find("retention.ms").set);
  BOOST_TEST(find("max.message.bytes").value == "5000");
  BOOST_TEST(!find("max.message.bytes").set);
  BOOST_TEST(find("cleanup.policy").value == "delete");
  BOOST_TEST(find("message.timestamp.type").value == "CreateTime");
  BOOST_TEST(find("min.insync.replicas").has_effect);
  BOOST_TEST(find("min.cleanable.dirty.ratio").value == "0.5");
  BOOST_TEST(find("min.cleanable.dirty.ratio").has_effect);
  BOOST_TEST(!find("flush.ms").has_effect);
  for (const auto& config : described) {
    if (config.name.ends_with("throttled.replicas") || config.name == "message.format.version") continue;
    BOOST_TEST(parse_topic_config({{std::string(config.name), config.value}}, {}).ok(), config.name);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::metadata
