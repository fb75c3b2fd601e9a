#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/metadata/image.h"
#include "cluster/metadata/topic_commands.h"
#include "schema/result.h"

// Changes of a topic that exists -> the record that says how it is then, or why not. Pure,
// as topic_commands.h. A record equal to the image's changes nothing and need not be
// written.
namespace callboard::metadata {

// As an AlterConfigs or IncrementalAlterConfigs request says it (KIP-339); the numbers are
// Kafka's.
enum class ConfigOperation : std::int8_t {
  set = 0,
  reset = 1,    // back to the default
  append = 2,   // to a list: what it does not hold yet
  subtract = 3, // from a list
};

struct ConfigChange {
  std::string name;
  ConfigOperation operation = ConfigOperation::set; // from outside: may be none of these
  std::optional<std::string> value;
};

struct AlterTopicCommand {
  std::string name;
  bool replace = false; // what is not named goes back to its default
  std::vector<ConfigChange> changes;
};

// Errors, each with a sentence: invalid_topic (internal), unknown_topic_or_partition,
// invalid_request (a name twice, a value missing, no such operation), invalid_config.
Result<TopicRecord> plan_alter_topic(const Image& image, const AlterTopicCommand& command,
                                     const TopicDefaults& defaults);

struct AddPartitionsCommand {
  std::string name;
  std::int32_t count = 0; // that the topic is to have
  // The replicas of each new partition; absent: the broker places them.
  std::optional<std::vector<std::vector<NodeId>>> assignments;
};

// Errors, each with a sentence: invalid_topic (internal), unknown_topic_or_partition,
// invalid_partitions (no more than now, or too many), invalid_replica_assignment.
Result<TopicRecord> plan_add_partitions(const Image& image, const AddPartitionsCommand& command,
                                        const TopicDefaults& defaults);

} // namespace callboard::metadata
