#pragma once

#include <array>
#include <capnp/common.h>
#include <cstdint>
#include <vector>

#include "schema/peer_message.h"
#include "schema/raft_message.h"
#include "schema/result.h"
#include "schema/rpc/peer.capnp.h"

// peer.capnp <-> the plain structs of raft_message.h and peer_message.h. Reading takes
// any message: what a node cannot have meant (a negative id, a type that nobody knows, an
// id that is none, lists too long) throws kj::Exception with a sentence, which the RPC
// turns into a failed call.
namespace callboard::rpc {

// A payload of this size and more is not copied into the message but sent from where it
// lies; smaller ones cost less copied.
inline constexpr std::size_t referenced_bytes_min = 4096;

// The message refers to the payloads of `from`: they stay until it is written.
void write(const std::vector<raft::Message>& from, capnp::List<wire::RaftMessage>::Builder to);
// What write() will take of the message itself.
capnp::MessageSize size_hint(const std::vector<raft::Message>& messages);
// Payloads are copied once; those of one message share their memory.
std::vector<raft::Message> read(capnp::List<wire::RaftMessage>::Reader from);

void write(const PeerHello& from, wire::PeerHello::Builder to);
void write(const Probe& from, wire::Probe::Builder to);
void write(const JoinRequest& from, wire::JoinRequest::Builder to);
void write(const JoinAnswer& from, wire::JoinAnswer::Builder to);
void write(const Result<JoinAnswer>& from, wire::JoinOutcome::Builder to);
void write(const std::vector<LeaderAnnouncement>& from, capnp::List<wire::LeaderAnnouncement>::Builder to);
void write(const PeerHeartbeat& from, wire::PeerHeartbeat::Builder to);
void write(const PeerCommand& from, wire::PeerLink::CommandParams::Builder to);
void write(const PeerCommandOutcome& from, wire::PeerLink::CommandResults::Builder to);
void write(const Error& from, wire::Refusal::Builder to);

PeerHello read(wire::PeerHello::Reader from);
Probe read(wire::Probe::Reader from);
JoinRequest read(wire::JoinRequest::Reader from);
JoinAnswer read(wire::JoinAnswer::Reader from);
Result<JoinAnswer> read(wire::JoinOutcome::Reader from);
std::vector<LeaderAnnouncement> read(capnp::List<wire::LeaderAnnouncement>::Reader from);
PeerHeartbeat read(wire::PeerHeartbeat::Reader from);
PeerCommand read(wire::PeerLink::CommandParams::Reader from);
PeerCommandOutcome read(wire::PeerLink::CommandResults::Reader from);
Error read(wire::Refusal::Reader from);
// A nonce, or a proof.
std::array<std::uint8_t, 32> read_challenge(capnp::Data::Reader from);

} // namespace callboard::rpc
