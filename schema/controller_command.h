#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "schema/cluster_status.h"
#include "schema/error_code.h"
#include "schema/metadata_record.h"

// What the controller is asked to change, as plain structs: a node that does not lead the
// metadata hands them to the one that does (schema/rpc/controller.capnp).
namespace callboard {

namespace metadata {

// Only what was set, by name.
using TopicConfigs = std::vector<std::pair<std::string, std::string>>;

// The nodes that get the replicas of one partition, the preferred leader first.
struct PartitionAssignment {
  std::int32_t partition = 0;
  std::vector<NodeId> replicas;

  bool operator==(const PartitionAssignment&) const = default;
};

// As a CreateTopics request asks for it.
struct CreateTopicCommand {
  std::string name;
  std::int32_t partitions = -1;         // -1: the default (KIP-464)
  std::int16_t replication_factor = -1; // -1: the default
  // Instead of the two above, which are -1 then.
  std::vector<PartitionAssignment> assignments;
  TopicConfigs configs;
  bool internal = false; // of the broker itself, which alone makes reserved names

  bool operator==(const CreateTopicCommand&) const = default;
};

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

  bool operator==(const ConfigChange&) const = default;
};

struct AlterTopicCommand {
  std::string name;
  bool replace = false; // what is not named goes back to its default
  std::vector<ConfigChange> changes;

  bool operator==(const AlterTopicCommand&) const = default;
};

struct AddPartitionsCommand {
  std::string name;
  std::int32_t count = 0; // that the topic is to have
  // The replicas of each new partition; absent: the broker places them.
  std::optional<std::vector<std::vector<NodeId>>> assignments;

  bool operator==(const AddPartitionsCommand&) const = default;
};

// As an AlterPartitionReassignments request says it (KIP-455).
struct PartitionMove {
  std::int32_t partition = 0;
  // The preferred leader first. nullopt: back to the replicas it has now.
  std::optional<std::vector<NodeId>> replicas;

  bool operator==(const PartitionMove&) const = default;
};

struct MoveTopicCommand {
  std::string name;
  std::vector<PartitionMove> moves;
  bool allow_factor_change = true;

  bool operator==(const MoveTopicCommand&) const = default;
};

} // namespace metadata

struct TopicCreation {
  metadata::CreateTopicCommand command;
  bool validate_only = false;
  bool mentioned = false; // somebody asked about the topic, nobody asked to create it

  bool operator==(const TopicCreation&) const = default;
};
// By name, or by id if the name is absent.
struct TopicDeletion {
  std::optional<std::string> name;
  Uuid id;

  bool operator==(const TopicDeletion&) const = default;
};
struct TopicAlteration {
  metadata::AlterTopicCommand command;
  bool validate_only = false;

  bool operator==(const TopicAlteration&) const = default;
};
struct PartitionAddition {
  metadata::AddPartitionsCommand command;
  bool validate_only = false;

  bool operator==(const PartitionAddition&) const = default;
};
struct ProducerIdAllocation {
  bool operator==(const ProducerIdAllocation&) const = default;
};
// A node says who it is: one that joins (no id yet), or one that starts again.
struct NodeRegistration {
  NodeRecord node;

  bool operator==(const NodeRegistration&) const = default;
};

// To the node that leads the group, whoever controls the cluster: hand leadership over.
struct LeadershipTransfer {
  GroupId group;
  NodeId to = no_node;

  bool operator==(const LeadershipTransfer&) const = default;
};

// The node's replicas move elsewhere, or it may hold replicas again.
struct NodeDrain {
  NodeId node = no_node;
  bool cancel = false;

  bool operator==(const NodeDrain&) const = default;
};
// For good; refused while it holds anything.
struct NodeRemoval {
  NodeId node = no_node;

  bool operator==(const NodeRemoval&) const = default;
};
// Evens out replicas and leaders over the nodes that are up.
struct Rebalance {
  bool cancel = false;

  bool operator==(const Rebalance&) const = default;
};
// Answered with an outcome for each move.
struct TopicMoving {
  metadata::MoveTopicCommand command;

  bool operator==(const TopicMoving&) const = default;
};

struct PartitionSelection {
  std::string topic;
  std::vector<std::int32_t> partitions;

  bool operator==(const PartitionSelection&) const = default;
};
// So that preferred leaders lead. Answered with an outcome for each partition, once they do.
struct LeaderElection {
  std::vector<PartitionSelection> partitions;
  bool all = false; // instead: every partition that another node leads; only these are answered

  bool operator==(const LeaderElection&) const = default;
};

// Changes nothing: how the cluster is.
struct ClusterStatusQuery {
  bool operator==(const ClusterStatusQuery&) const = default;
};

using ControllerCommand = std::variant<TopicCreation, TopicDeletion, TopicAlteration, PartitionAddition,
                                       ProducerIdAllocation, NodeRegistration, LeadershipTransfer, NodeDrain,
                                       NodeRemoval, Rebalance, TopicMoving, LeaderElection, ClusterStatusQuery>;

// What came of it for one partition.
struct PartitionOutcome {
  std::string topic;
  std::int32_t partition = 0;
  ErrorCode error = ErrorCode::none;
  std::string message{}; // a sentence, with an error

  bool operator==(const PartitionOutcome&) const = default;
};

// What came of one. Once `index` of the metadata log is applied, the change is seen.
struct ControllerOutcome {
  ErrorCode error = ErrorCode::none;
  std::string message; // a sentence, with an error
  RaftIndex index{};
  std::optional<MetadataRecord> record{};     // that was written, or would be
  ProducerId producer_id = no_producer;       // that was allocated
  std::vector<NodeRecord> nodes{};            // of the cluster, to a node that registers
  std::vector<PartitionOutcome> partitions{}; // of moves and elections
  std::optional<ClusterStatus> status{};

  bool operator==(const ControllerOutcome&) const = default;
};

} // namespace callboard
