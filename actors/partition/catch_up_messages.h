#pragma once

#include <caf/allowed_unsafe_message_type.hpp>

#include "cluster/partition/catch_up_throttle.h"

// Between partitions and the node's CatchUpActor: see partition::CatchUpThrottle.
namespace callboard {

struct AskCatchUp {
  GroupId group;
  NodeId to;
  std::size_t bytes = 0;
};
// Answers it, some time; to be given back with a ReleaseCatchUp.
struct CatchUpGranted {
  NodeId to;
  partition::GrantId id = 0;
};
// So much was read.
struct CatchUpMeasured {
  NodeId to;
  partition::GrantId id = 0;
  std::size_t bytes = 0;
};
struct ReleaseCatchUp {
  NodeId to;
  partition::GrantId id = 0;
};
// Sent without asking.
struct CatchUpSpent {
  std::size_t bytes = 0;
};
// To itself: the rate allows the next, time may have ended a grant.
struct NextCatchUp {};
struct ExpireCatchUp {};

} // namespace callboard

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::AskCatchUp)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CatchUpGranted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CatchUpMeasured)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ReleaseCatchUp)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CatchUpSpent)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::NextCatchUp)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ExpireCatchUp)
