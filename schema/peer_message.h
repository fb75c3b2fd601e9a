#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/bytes.h"
#include "schema/error_code.h"
#include "schema/host_port.h"
#include "schema/ids.h"
#include "schema/metadata_record.h"
#include "schema/time.h"
#include "schema/uuid.h"

// What nodes tell each other beside Raft, as plain structs; schema/rpc/peer.capnp is their
// form on the wire, schema/rpc/translate_peer.h the way between the two.
namespace callboard {

// Of the messages between nodes. A node refuses another whose number differs, and says so.
inline constexpr std::uint32_t peer_protocol = 1;

// Asked of another node's controller, or of that node itself; what it says is between the
// two (controller_command.h).
struct PeerCommand {
  std::uint16_t kind = 0;
  SharedBytes body;
};

// What became of it. `index`: of the metadata log, where its effect is.
struct PeerCommandOutcome {
  ErrorCode error = ErrorCode::none;
  std::string message; // a sentence, if there is an error
  SharedBytes body;
  RaftIndex index;
};

// Who is at the other end: the first thing on a link, in both directions.
struct PeerHello {
  std::uint32_t protocol = peer_protocol;
  Uuid cluster;
  Uuid identity; // of the data directory
  NodeId node = no_node;
  std::uint64_t incarnation = 0; // of the process: another one after every start
  HostPort peer;
  HostPort client;
  std::string rack;
  std::string version;
  TimestampMs wall = no_timestamp;

  bool operator==(const PeerHello&) const = default;
};

// Asked of an address before one belongs to a cluster.
struct Probe {
  std::uint32_t protocol = peer_protocol;
  Uuid identity;
  std::optional<Uuid> cluster{};    // that the asker belongs to
  std::vector<std::string> seeds{}; // as the asker was given them, sorted
  // An answer's: with whom the sender agrees to found a cluster, itself included, sorted; who
  // comes first founds it. None while it has not met all of them. A promise: see
  // cluster/membership/forming.h.
  std::vector<Uuid> founding{};

  bool operator==(const Probe&) const = default;
};

// The same from the one who was asked.
using ProbeAnswer = Probe;

// A node without a cluster wants to belong to one. Asked again, it is the same node.
struct JoinRequest {
  std::uint32_t protocol = peer_protocol;
  Uuid identity;
  HostPort peer;
  HostPort client;
  std::string rack;
  std::string version;

  bool operator==(const JoinRequest&) const = default;
};

struct JoinAnswer {
  Uuid cluster;
  NodeId node = no_node;
  std::vector<NodeRecord> nodes{}; // of the cluster, as the answerer knows them

  bool operator==(const JoinAnswer&) const = default;
};

// A group's leader, as its node says or somebody who heard it. The highest term wins;
// within a term the highest `revision`, which counts what the leader told.
struct LeaderAnnouncement {
  GroupId group;
  Term term;
  NodeId leader = no_node;
  std::uint32_t revision = 0;
  std::vector<NodeId> voters{}; // committed; of a joint membership those that leave too
  std::vector<NodeId> learners{};
  std::vector<NodeId> in_sync{}; // voters not known to be away, the leader included
  RaftIndex as_of{};             // what the leader had committed when it said so

  bool operator==(const LeaderAnnouncement&) const = default;
  bool newer_than(const LeaderAnnouncement& other) const {
    return term != other.term ? term > other.term : revision > other.revision;
  }
};

// What a node says by being heard; sent when nothing else was for a while.
struct PeerHeartbeat {
  std::uint64_t incarnation = 0;
  std::vector<GroupId> stopped{}; // replicas out of service although their node lives

  bool operator==(const PeerHeartbeat&) const = default;
};

} // namespace callboard
