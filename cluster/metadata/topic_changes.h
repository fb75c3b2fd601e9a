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

// Errors, each with a sentence: invalid_topic (internal), unknown_topic_or_partition,
// invalid_request (a name twice, a value missing, no such operation), invalid_config.
Result<TopicRecord> plan_alter_topic(const Image& image, const AlterTopicCommand& command,
                                     const TopicDefaults& defaults);

// The new partitions get as many replicas as the first one has, or the default factor if the topic has it.
// Errors, each with a sentence: invalid_topic (internal), unknown_topic_or_partition,
// invalid_partitions (no more than now, or too many), invalid_replica_assignment,
// invalid_replication_factor (fewer active nodes than that by now).
Result<TopicRecord> plan_add_partitions(const Image& image, const AddPartitionsCommand& command,
                                        const TopicDefaults& defaults, const Liveness& liveness);

} // namespace callboard::metadata
