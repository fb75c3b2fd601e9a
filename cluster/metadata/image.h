#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "schema/metadata_record.h"

namespace callboard::metadata {

// Where a replication group belongs.
struct PartitionOf {
  Uuid topic;
  std::int32_t partition = 0;

  bool operator==(const PartitionOf&) const = default;
};

// The cluster as the metadata log tells it: its committed records applied in order
// give the same image on every node. Owned by the metadata actor, on its thread;
// nothing here fails: what may be written is decided before (topic_commands.h).
//
// A group id and a producer id that were ever given out are never given out again,
// also when the topic that had them is gone.
class Image {
public:
  using Topics = std::map<std::string, TopicRecord, std::less<>>;

  // A topic's record replaces the one of the same id (other configuration, more
  // partitions) or of the same name; removing an unknown topic changes nothing.
  void apply(const MetadataRecord& record);

  // By name, in order.
  const Topics& topics() const { return topics_; }
  // Null: no such topic. Valid until the next apply().
  const TopicRecord* topic(std::string_view name) const;
  const TopicRecord* topic(const Uuid& id) const;
  std::optional<PartitionOf> partition_of(GroupId group) const;

  // The first ones that no record has used.
  GroupId next_group() const { return next_group_; }
  ProducerId next_producer() const { return next_producer_; }

private:
  void apply_record(const TopicRecord& record);
  void apply_record(const TopicRemovedRecord& record);
  void apply_record(const ProducerIdsRecord& record);
  void remove(const Uuid& id);

  Topics topics_;
  std::unordered_map<Uuid, Topics::const_iterator> by_id_;
  std::unordered_map<GroupId, PartitionOf> by_group_;
  GroupId next_group_ = metadata_group.next();
  ProducerId next_producer_{0};
};

} // namespace callboard::metadata
