#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "schema/metadata_record.h"

namespace callboard::metadata {

// Where a replication group belongs.
struct PartitionOf {
  Uuid topic;
  std::int32_t partition = 0;

  bool operator==(const PartitionOf&) const = default;
};

// What a node was given to hold.
struct NodeLoad {
  std::uint64_t replicas = 0; // voters and learners of partitions
  std::uint64_t leads = 0;    // partitions that prefer it as their leader

  bool operator==(const NodeLoad&) const = default;
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
  using Nodes = std::map<NodeId, NodeRecord>;

  // A topic's record replaces the one of the same id (other configuration, more
  // partitions) or of the same name; removing an unknown topic changes nothing, nor does placing a
  // partition of one.
  void apply(const MetadataRecord& record);

  // By name, in order.
  const Topics& topics() const { return topics_; }
  // Null: no such topic. Valid until the next apply().
  const TopicRecord* topic(std::string_view name) const;
  const TopicRecord* topic(const Uuid& id) const;
  std::optional<PartitionOf> partition_of(GroupId group) const;
  // Who is to hold the group's log; nullopt: no such group. The metadata group's, once it was said.
  std::optional<Placement> placement_of(GroupId group) const;

  // Whether the log holds a record of this group's placement alone. It outlives the group's topic until it
  // is forgotten.
  bool placed_alone(GroupId group) const { return placed_alone_.contains(group); }

  // Every node there ever was, also those that were removed.
  const Nodes& nodes() const { return nodes_; }
  // Null: no such node. Valid until the next apply().
  const NodeRecord* node(NodeId id) const;
  const NodeRecord* node(const Uuid& identity) const;
  // As the placements say, not counting the metadata itself; kept up to date with every record.
  NodeLoad load(NodeId id) const;
  std::size_t partitions() const { return by_group_.size(); }
  // Who votes on the metadata; nullopt until it was ever said.
  const std::optional<Placement>& controllers() const { return controllers_; }

  // The first ones that no record has used.
  GroupId next_group() const { return next_group_; }
  ProducerId next_producer() const { return next_producer_; }
  NodeId next_node() const { return nodes_.empty() ? NodeId{1} : nodes_.rbegin()->first.next(); }

private:
  void apply_record(const TopicRecord& record);
  void apply_record(const TopicRemovedRecord& record);
  void apply_record(const ProducerIdsRecord& record);
  void apply_record(const NodeRecord& record);
  void apply_record(const ControllersRecord& record);
  void apply_record(const PlacementRecord& record);
  void apply_record(const PlacementForgottenRecord& record);
  void remove(const Uuid& id);
  void count(const TopicRecord& topic, std::int64_t sign);
  void count(const Placement& placement, std::int64_t sign);

  Topics topics_;
  std::unordered_map<Uuid, Topics::iterator> by_id_;
  std::unordered_map<GroupId, PartitionOf> by_group_;
  std::unordered_set<GroupId> placed_alone_;
  Nodes nodes_;
  std::map<NodeId, NodeLoad> loads_;
  std::optional<Placement> controllers_;
  GroupId next_group_ = metadata_group.next();
  ProducerId next_producer_{0};
};

} // namespace callboard::metadata
