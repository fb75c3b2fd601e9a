#pragma once

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "cluster/partition/partition_replica.h"
#include "schema/ids.h"
#include "schema/log_write.h"
#include "schema/result.h"

// What the state actor is sent and what it answers. One internal partition's state has
// one owner, whoever opened it: its coordinator.
//
//   coordinator                       state actor
//     OpenState           ->            checks the file
//                         <-          StateOpened: replay the log from applied + 1 on
//     ApplyRows ...       ->            overlay
//                         <-          StateFlushed: the log may start at next_offset
//     ScanRows            ->            sees everything applied before it
//                         <-          RowsScanned
namespace callboard {

// Another replica's partition asks for the state, and its own puts it in place of what was
// there (partition_replica.h):
//
//   partition of the leader             state actor
//     ReadStatePart       ->
//                         <-          StatePartRead
//   partition of the follower           its state actor
//     StoreStatePart ...  ->            beside the old state
//                         <-          StatePartStored
//     StoreStatePart, last ->           in its place, on disk; the owner gets StateOpened
//                         <-          StatePartStored
//
// Opening it again is a start over: what was not flushed is forgotten.
struct OpenState {
  GroupId group;
  caf::actor from;       // the owner: gets StateOpened, StateFlushed, StateUnusable
  std::string directory; // the node's
};
// Also when another replica's state has taken its place, or had no more than it.
struct StateOpened {
  GroupId group;
  RaftIndex applied; // 0: nothing yet
  Offset next_offset;
};
// It cannot be opened, read or written any more; nothing but DropState or another
// OpenState helps. A full disk is not that: it is tried again.
struct StateUnusable {
  GroupId group;
  Error error;
};

// The rows of the entry at `index`, in the order of the log.
struct ApplyRows {
  GroupId group;
  std::vector<StateRow> rows;
  RaftIndex index;
  Offset next_offset;
};
struct StateFlushed {
  GroupId group;
  RaftIndex applied;
  Offset next_offset;
};

// Rows whose keys start with `prefix` and lie behind `after` (empty: from the first).
// At most `limit` rows and some 8 MiB: while `more`, ask again behind the last one.
struct ScanRows {
  GroupId group;
  caf::actor from;
  std::uint64_t token = 0;
  std::string prefix;
  std::string after;
  std::size_t limit = 0;
};
struct RowsScanned {
  std::uint64_t token = 0;
  std::vector<StateRow> rows; // every one has a value
  bool more = false;
  ErrorCode error = ErrorCode::none; // then there are no rows
};

// Not answered while there is no state: Raft's follower asks again.
struct ReadStatePart {
  GroupId group;
  caf::actor from;
  NodeId to; // comes back in the answer
  std::string after;
};
struct StatePartRead {
  NodeId to;
  raft::StatePart part;
};
struct StoreStatePart {
  GroupId group;
  caf::actor from;
  partition::StateStep step;
};
struct StatePartStored {
  bool stored = false; // else everything from the first part on is to come again
};

// The partition is gone: its state goes too.
struct DropState {
  GroupId group;
  std::string directory; // the node's: it may not be open
  caf::actor from;       // null: needs no StateDropped
};
struct StateDropped {};
// The last message of an orderly stop: flush every state, then answer.
struct CloseStates {
  caf::actor reply_to;
};
struct StatesClosed {};

} // namespace callboard

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::OpenState)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::StateOpened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::StateUnusable)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ApplyRows)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::StateFlushed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ScanRows)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::RowsScanned)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ReadStatePart)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::StatePartRead)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::StoreStatePart)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::StatePartStored)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::DropState)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::StateDropped)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CloseStates)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::StatesClosed)
