#pragma once

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/node/directory.h"
#include "cluster/metadata/topic_changes.h"
#include "cluster/metadata/topic_commands.h"
#include "schema/controller_command.h"
#include "schema/metadata_record.h"
#include "schema/result.h"

// What the metadata actor is asked, what it answers, and how it keeps the loops'
// directories up. `token` is the asker's own.
namespace callboard {

struct CreateTopic {
  caf::actor from;
  std::uint64_t token = 0;
  metadata::CreateTopicCommand command;
  bool validate_only = false;
  bool mentioned = false; // see TopicCreation
};
// Sent when every loop of the node knows the topic: its leaders can be used.
struct TopicCreated {
  std::uint64_t token = 0;
  ErrorCode error = ErrorCode::none;
  std::string message;
  TopicRecord topic;
};

// By name, or by id if the name is absent.
struct DeleteTopic {
  caf::actor from;
  std::uint64_t token = 0;
  std::optional<std::string> name;
  Uuid id;
};
struct TopicDeleted {
  std::uint64_t token = 0;
  ErrorCode error = ErrorCode::none;
  std::string message;
  std::string name;
  Uuid id;
};

struct AlterTopic {
  caf::actor from;
  std::uint64_t token = 0;
  metadata::AlterTopicCommand command;
  bool validate_only = false;
};
struct AddPartitions {
  caf::actor from;
  std::uint64_t token = 0;
  metadata::AddPartitionsCommand command;
  bool validate_only = false;
};
// Sent when the change is in effect: whatever reaches a partition from now on finds it.
struct TopicChanged {
  std::uint64_t token = 0;
  ErrorCode error = ErrorCode::none;
  std::string message;
};

struct AllocateProducerId {
  caf::actor from;
  std::uint64_t token = 0;
};
struct ProducerIdAllocated {
  std::uint64_t token = 0;
  ErrorCode error = ErrorCode::none;
  ProducerId id = no_producer;
};

// What a node of another, or a node that joins, asks of the controller. Always answered.
struct AskController {
  caf::actor from;
  std::uint64_t token = 0;
  ControllerCommand command;
};
struct ControllerAnswered {
  std::uint64_t token = 0;
  ControllerOutcome outcome;
};

// The membership actor's own: time passes; announcements have gathered.
struct MembershipTick {};
struct AnnounceNow {};

// The metadata actor's own: commands that wait too long; say again who this node is; open
// more logs.
struct LookAfterCommands {};
struct RegisterAgain {};
struct TouchMore {};

// Metadata actor to the cluster actor: every node there is or was.
struct NodesKnown {
  std::vector<NodeRecord> nodes;
};

// Metadata actor to every loop's agent; answered with DirectoryUpdated.
struct DirectoryChange {
  caf::actor from;
  std::uint64_t token = 0;
  std::vector<TopicRef> added;
  std::vector<Uuid> removed;
  std::vector<PartitionRef> placed; // of topics that were known before; goes first
};
struct DirectoryUpdated {
  std::uint64_t token = 0;
};

// To every loop's agent: nodes as the cluster knows them now, and the ways to them.
struct NodesChanged {
  std::vector<NodeRecord> records;
  std::vector<std::pair<NodeId, caf::actor>> links;
  std::vector<NodeId> unlinked;
};
// To every loop's agent: a replica that belongs to no topic.
struct ReplicaHere {
  GroupId group;
  caf::actor actor;
};
// To every loop's agent: what other nodes told of their leaders.
struct LeadersAnnounced {
  std::vector<LeaderAnnouncement> announcements;
};

} // namespace callboard

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CreateTopic)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::TopicCreated)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::DeleteTopic)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::TopicDeleted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::AlterTopic)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::AddPartitions)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::TopicChanged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::AllocateProducerId)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ProducerIdAllocated)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::AskController)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ControllerAnswered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::DirectoryChange)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::DirectoryUpdated)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::NodesChanged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::NodesKnown)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::MembershipTick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::AnnounceNow)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ReplicaHere)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::LookAfterCommands)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::RegisterAgain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::TouchMore)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::LeadersAnnounced)
