#pragma once

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "cluster/groups/group.h"
#include "schema/error_code.h"
#include "schema/uuid.h"

// What coordinators of consumer groups are asked and answer. `token` is the asker's own.
namespace callboard {

struct LeaveCommand {
  std::vector<groups::LeavingMember> members;
};
struct DescribeGroup {};
struct DeleteGroup {};
using GroupCommand = std::variant<groups::JoinCommand, groups::SyncCommand, groups::HeartbeatCommand, LeaveCommand,
                                  groups::CommitCommand, groups::FetchOffsetsCommand, groups::DeleteOffsetsCommand,
                                  DescribeGroup, DeleteGroup>;

struct HeartbeatOutcome {
  ErrorCode error = ErrorCode::none;
};
using GroupOutcome = std::variant<std::monostate, groups::JoinOutcome, groups::SyncOutcome, HeartbeatOutcome,
                                  groups::LeaveOutcome, groups::OffsetsOutcome, groups::FetchOffsetsOutcome,
                                  groups::GroupDescription, groups::DeleteGroupOutcome>;

// To the coordinator, which hands it to the group's actor.
struct GroupRequest {
  caf::actor from;
  std::uint64_t token = 0;
  std::string group;
  GroupCommand command;
};
// `refused` is the coordinator's word on all of it (14, 15, 16); otherwise the outcome
// fits the command.
struct GroupAnswer {
  std::uint64_t token = 0;
  ErrorCode refused = ErrorCode::none;
  GroupOutcome outcome;
};

struct GroupListing {
  std::string group;
  std::string protocol_type;
  groups::GroupState state = groups::GroupState::dead;
  std::uint32_t members = 0;
};
struct ListGroupsOfCoordinator {
  caf::actor from;
  std::uint64_t token = 0;
};
struct GroupsListed {
  std::uint64_t token = 0;
  ErrorCode error = ErrorCode::none;
  std::vector<GroupListing> groups;
};

// To the coordinator, before anything else: its partition.
struct CoordinatedPartition {
  caf::actor partition;
};
// A topic is gone for good, and with it what groups had committed for it.
struct TopicRemoved {
  Uuid id;
  std::string name;
};

// Between a group and its coordinator.
struct GroupChanged {
  GroupListing listing;
};
// Nobody has used the group for a while, and it has been handed so many requests.
struct GroupIdle {
  std::string group;
  std::uint64_t requests = 0;
};
struct EndGroup {};
// This node does not coordinate the group any more.
struct ResignGroup {};

} // namespace callboard

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::GroupRequest)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::GroupAnswer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ListGroupsOfCoordinator)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::GroupsListed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CoordinatedPartition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::TopicRemoved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::GroupChanged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::GroupIdle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::EndGroup)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ResignGroup)
