#pragma once

#include <capnp/common.h>
#include <kj/array.h>

#include <vector>

#include "schema/peer_message.h"
#include "schema/raft_message.h"

namespace callboard::bench {

// One call from node to node, as it is on the wire without what the RPC puts around it.
struct Call {
  NodeId to = no_node;
  bool announces = false;
  kj::Array<capnp::word> words;

  std::size_t bytes() const { return words.asBytes().size(); }
};

Call encode(NodeId to, const std::vector<raft::Message>& messages);
Call encode(NodeId to, const std::vector<LeaderAnnouncement>& leaders);
std::vector<raft::Message> decode_messages(const Call& call);
std::vector<LeaderAnnouncement> decode_leaders(const Call& call);

} // namespace callboard::bench
