#pragma once

#include <caf/actor.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schema/ids.h"
#include "schema/metadata_record.h"
#include "schema/peer_message.h"

namespace callboard {

// One partition as a loop knows it: whom to send to, and what clients are told about
// its leader. Moves forward only: the highest term wins.
struct PartitionRef {
  GroupId group;
  caf::actor actor; // its replica on this node, or who answers for partitions that are elsewhere
  Term term;
  NodeId leader = no_node;
  caf::actor coordinator{};       // of consumer groups; only partitions of __consumer_offsets have one
  bool local = true;              // there is a replica on this node
  std::uint32_t revision = 0;     // of what the leader told within the term
  std::vector<NodeId> replicas{}; // voters, the preferred leader first
  std::vector<NodeId> in_sync{};  // as the leader told; none: it has not
  std::vector<NodeId> voters{};   // likewise: who really votes by now
};

struct TopicRef {
  std::shared_ptr<const TopicRecord> record; // without placements: the partitions say where they are
  std::vector<PartitionRef> partitions;

  // Null if there is no such partition.
  const PartitionRef* find(std::int32_t partition) const;
};

// The topics of the cluster as one loop sees them, so that no request leaves its thread
// to find its partition. Each loop has its own, kept up by its agent.
class Directory {
public:
  // A topic of the same id is replaced; what is known of its leaders stays.
  void add(TopicRef topic);
  void remove(const Uuid& id);
  // Its replicas are elsewhere, or it has begun or ended on this node. Nothing, if there is no such partition.
  void place(PartitionRef partition);
  // Nothing, if something newer is known or there is no such partition.
  void announced(const LeaderAnnouncement& announcement);

  const TopicRef* find(std::string_view name) const;
  const TopicRef* find(const Uuid& id) const;
  // Null if there is no such topic or partition.
  const PartitionRef* find(std::string_view topic, std::int32_t partition) const;
  const PartitionRef* find(GroupId group) const;
  // All topics by name.
  const std::map<std::string, std::shared_ptr<TopicRef>, std::less<>>& topics() const { return by_name_; }
  std::size_t partition_count() const { return by_group_.size(); }

private:
  struct Place {
    TopicRef* topic;
    std::size_t partition;

    PartitionRef& ref() const { return topic->partitions[partition]; }
  };
  std::map<std::string, std::shared_ptr<TopicRef>, std::less<>> by_name_;
  std::unordered_map<Uuid, TopicRef*> by_id_;
  std::unordered_map<GroupId, Place> by_group_;
};

} // namespace callboard
