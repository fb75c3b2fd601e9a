#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/metadata/image.h"
#include "cluster/metadata/placement.h"
#include "cluster/metadata/topic_config.h"
#include "schema/controller_command.h"
#include "schema/result.h"

// Commands on the cluster's metadata -> the record to be written, or why not. Pure:
// the image is what was committed so far, so the owner plans one command after the
// other and never past a record that is still on its way.
namespace callboard::metadata {

struct TopicDefaults {
  std::int32_t partitions = 1;
  std::int32_t partitions_max = 10000; // of one topic
  TopicConfig config;
};

// Kafka's rule: 1 to 249 of [a-zA-Z0-9._-], not "." or "..". Error: invalid_topic.
Status check_topic_name(std::string_view name);
// Error: invalid_topic for the names that the broker keeps for itself.
Status check_not_internal(std::string_view name);
// unknown_topic_or_partition, with a sentence.
Error unknown_topic(std::string_view name);

// The new topic, with `fresh_id` and groups from Image::next_group() on, placed on the
// cluster's active nodes, those that are alive first (placement.h).
// Errors, each with a sentence: invalid_topic, topic_already_exists,
// invalid_partitions, invalid_replication_factor, invalid_replica_assignment,
// invalid_request (both ways of placing at once), invalid_config.
Result<TopicRecord> plan_create_topic(const Image& image, const CreateTopicCommand& command,
                                      const TopicDefaults& defaults, const Liveness& liveness, const Uuid& fresh_id);

// First that it is gone, then what nothing is to stay of.
struct TopicDeletionPlan {
  TopicRemovedRecord removed;
  std::vector<PlacementForgottenRecord> forgotten{};

  std::vector<MetadataRecord> records() const;
};

// Errors: unknown_topic_or_partition, invalid_topic (internal).
Result<TopicDeletionPlan> plan_delete_topic(const Image& image, std::string_view name);
// Errors: unknown_topic_id, invalid_topic (internal).
Result<TopicDeletionPlan> plan_delete_topic(const Image& image, const Uuid& id);

// Producer ids are given out by the block, so that the log is not written for each.
inline constexpr std::int64_t producer_ids_per_block = 1000;

// A block from Image::next_producer() up to the record's `next`; free to be given out
// once the record is committed.
ProducerIdsRecord plan_producer_ids(const Image& image);

} // namespace callboard::metadata
