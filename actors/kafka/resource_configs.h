#pragma once

#include <vector>

#include "actors/node/config.h"
#include "schema/ids.h"
#include "schema/kafka/describe_configs.h"
#include "schema/metadata_record.h"

// What DescribeConfigs tells of a topic and of this node: every configuration by name,
// with its synonyms (where the value would come from, the winner first) and a sentence
// of documentation. Pure.
namespace callboard::kafka {

using DescribedConfigs = std::vector<DescribeConfigsResourceResult>;

// All configurations that Kafka's topics have, and callboard.durability.
DescribedConfigs configs_of_topic(const TopicRecord& topic, const NodeConfig& config);

// Those of Kafka's broker settings that mean something here; all read-only, since they
// come from the configuration file.
DescribedConfigs configs_of_broker(const NodeConfig& config, NodeId self);

} // namespace callboard::kafka
