#pragma once

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "schema/ids.h"

// What the metadata actor is asked about partitions on the move, and before the node stops.
namespace callboard {

// Answered with MovesListed.
struct ListMoves {
  caf::actor from;
  std::uint64_t token = 0;
};
struct ListedMove {
  std::string topic;
  std::int32_t partition = 0;
  std::vector<NodeId> now;    // voters
  std::vector<NodeId> wanted; // the same, as placed
};
// By topic and partition.
struct MovesListed {
  std::uint64_t token = 0;
  std::vector<ListedMove> moves;
};

// Hand over whatever this node leads; asked again and again until nothing is left.
// Answered with HandingOver.
struct HandOver {
  caf::actor from;
};
struct HandingOver {
  std::size_t led = 0; // groups that others are to lead yet
  // Partitions of which another node that is up has a replica, but none that is current.
  std::vector<std::string> last_copies;
};
// To the cluster actor, when the node stops: other nodes need not wait for it.
struct EndLinks {};

} // namespace callboard

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ListMoves)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::MovesListed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::HandOver)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::HandingOver)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::EndLinks)
