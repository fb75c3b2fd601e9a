#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "schema/host_port.h"
#include "schema/ids.h"
#include "schema/uuid.h"

// What the metadata log says, as plain structs; schema/rpc/records.capnp is their
// form on disk, schema/rpc/translate.h the way between the two.
namespace callboard {

// Which nodes hold a group's log, as the controller wants it; the group's leader brings
// its membership there.
struct Placement {
  std::vector<NodeId> voters;   // the preferred leader first
  std::vector<NodeId> learners; // get everything, count nowhere
  // The voters are those that the group was made with: one that holds nothing yet is a
  // voter from the start. Once it was changed, a replica that holds nothing waits for the
  // group's leader to bring it in.
  bool original = true;

  bool operator==(const Placement&) const = default;
};

// A topic exists: its partitions are the positions in `groups`.
struct TopicRecord {
  Uuid id;
  std::string name;
  std::vector<GroupId> groups;
  std::vector<std::pair<std::string, std::string>> configs; // only what was set, by name
  std::vector<Placement> placements{};                      // by partition; none in old logs: all on node 1
  bool default_factor = false;                              // the number of replicas grows with the cluster

  Placement placement(std::size_t partition) const {
    return partition < placements.size() ? placements[partition] : Placement{{NodeId{1}}, {}, true};
  }
  // One for each partition, also in a topic of an old log.
  void write_out_placements() {
    while (placements.size() < groups.size()) placements.push_back(placement(placements.size()));
  }

  bool operator==(const TopicRecord&) const = default;
};

// A partition's replicas belong elsewhere than the last record of its topic says: who moves a few of
// many need not write all of them again.
struct PlacementRecord {
  GroupId group;
  Placement placement;

  bool operator==(const PlacementRecord&) const = default;
};

// The topic of such a partition is gone: nothing stays of where it was, not even this.
struct PlacementForgottenRecord {
  GroupId group;

  bool operator==(const PlacementForgottenRecord&) const = default;
};

// A topic is gone for good; its id is never used again, nor are the groups that it had.
struct TopicRemovedRecord {
  Uuid id;
  GroupId next_group{}; // above all of them
  std::string name{};

  bool operator==(const TopicRemovedRecord&) const = default;
};

// Producer ids below this one may have been given out.
struct ProducerIdsRecord {
  ProducerId next;

  bool operator==(const ProducerIdsRecord&) const = default;
};

enum class NodeStatus : std::uint8_t {
  active = 0,
  draining = 1, // its replicas move elsewhere
  removed = 2,  // gone for good; its id is never used again
};

// A node belongs to the cluster, as it last said.
struct NodeRecord {
  NodeId id;
  Uuid identity;   // of its data directory: a wiped one is another node
  HostPort peer;   // where other nodes reach it
  HostPort client; // where clients reach it
  std::string rack;
  std::string version; // of its program
  NodeStatus status = NodeStatus::active;

  bool operator==(const NodeRecord&) const = default;
};

// Who votes on the metadata itself. Every other node learns it.
struct ControllersRecord {
  Placement placement;

  bool operator==(const ControllersRecord&) const = default;
};

using MetadataRecord = std::variant<TopicRecord, TopicRemovedRecord, ProducerIdsRecord, NodeRecord, ControllersRecord,
                                    PlacementRecord, PlacementForgottenRecord>;

} // namespace callboard
