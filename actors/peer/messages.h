#pragma once

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "schema/peer_message.h"
#include "schema/raft_message.h"

// What the actors between nodes are told, and tell: actors/peer/README.md.
namespace callboard {

// To the link to a node. While the link is down, messages and announcements are dropped
// and commands are refused at once.
struct SendToPeer {
  std::vector<raft::Message> messages;
};
struct AnnounceToPeer {
  std::vector<LeaderAnnouncement> leaders;
};
// Answered with PeerCommandAnswered, whatever happens.
struct CommandToPeer {
  caf::actor from;
  std::uint64_t token = 0;
  PeerCommand command;
};
// Where the node is reached from now on.
struct PeerAddressChanged {
  HostPort address;
};
// The node belongs to the cluster no more.
struct EndLink {};

// Errors of the way, beside those of the command: network_exception (the link is down or
// broke: it may have been done), request_timed_out (the same).
struct PeerCommandAnswered {
  std::uint64_t token = 0;
  PeerCommandOutcome outcome;
};

// From a link to membership. Up and lost take turns, but lost may come again with
// `refused`.
struct PeerUp {
  NodeId node = no_node;
  std::uint64_t incarnation = 0;
  PeerHello hello;
};
struct PeerLost {
  NodeId node = no_node;
  std::string reason;   // a sentence
  bool refused = false; // its host answers and nobody listens: the process is gone
  bool again = false;   // nothing new but the reason
};
// It answered; said at most every 100 ms.
struct PeerHeard {
  NodeId node = no_node;
};

// From a connection that another node opened, to membership.
struct PeerAnnounced {
  NodeId node = no_node;
  std::vector<LeaderAnnouncement> leaders;
};
struct PeerBeat {
  NodeId node = no_node;
  PeerHeartbeat heartbeat;
};
// Answered with PeerProbed.
struct ProbeFromPeer {
  caf::actor from;
  std::uint64_t token = 0;
  Probe probe;
};
struct PeerProbed {
  std::uint64_t token = 0;
  ProbeAnswer answer;
};
// Answered with PeerJoined.
struct JoinFromPeer {
  caf::actor from;
  std::uint64_t token = 0;
  JoinRequest request;
};
struct PeerJoined {
  std::uint64_t token = 0;
  ErrorCode error = ErrorCode::none;
  std::string message;
  JoinAnswer answer;
};

// A node was refused at the door: why, as a sentence.
struct PeerRefused {
  std::string message;
};
// Answered with Troubles.
struct TroublesQuery {
  caf::actor from;
  std::uint64_t token = 0;
};
// What is wrong between this node and others, as sentences.
struct Troubles {
  std::uint64_t token = 0;
  std::vector<std::string> sentences;
};

// And to the metadata actor. Answered with PeerCommandAnswered.
struct CommandFromPeer {
  caf::actor from;
  std::uint64_t token = 0;
  NodeId node = no_node;
  PeerCommand command;
};

} // namespace callboard

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::SendToPeer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::AnnounceToPeer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CommandToPeer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::PeerAddressChanged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::EndLink)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::PeerCommandAnswered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::PeerUp)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::PeerLost)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::PeerHeard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::PeerAnnounced)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::PeerBeat)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::ProbeFromPeer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::PeerProbed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::JoinFromPeer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::PeerJoined)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CommandFromPeer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::PeerRefused)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::TroublesQuery)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::Troubles)
