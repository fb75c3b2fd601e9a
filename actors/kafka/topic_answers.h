#pragma once

#include "actors/kafka/live_nodes.h"
#include "actors/node/directory.h"
#include "schema/kafka/describe_topic_partitions.h"
#include "schema/kafka/metadata.h"

// What Metadata and DescribeTopicPartitions tell of a topic as a loop knows it. Pure.
namespace callboard::kafka {

// With all of its partitions.
MetadataResponseTopic metadata_of(const TopicRef& topic, const LiveNodes& nodes);

// Without its partitions.
DescribedTopic description_of(const TopicRef& topic);
DescribedTopicPartition description_of(const TopicRef& topic, std::size_t partition, const LiveNodes& nodes);

} // namespace callboard::kafka
