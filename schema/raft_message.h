#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schema/log_write.h"

// What the replicas of one group tell each other. Plain values; schema/rpc brings them
// onto the wire (rpc/translate_peer.h). May be lost, doubled, reordered and delayed at will.
namespace callboard::raft {

// May I lead? `Message::term` is the term asked for: the asker's own, or for a pre-vote
// the one after it.
struct VoteRequest {
  RaftIndex last_index;
  Term last_term;
  bool pre = false;      // only asks: nobody changes his term or vote for it (thesis, 9.6)
  bool transfer = false; // the leader itself wants it: do not protect the leader
  // Of the newest membership that the asker knows.
  RaftIndex membership_index{};
};

// `Message::term`: the one asked for if granted, else the voter's own.
struct VoteReply {
  bool pre = false;
  bool granted = false;
  bool recovering = false; // HardState::recovering of the voter
};

// Entries that follow `prev_index`; none: a heartbeat or a probe.
struct Append {
  RaftIndex prev_index;
  Term prev_term;
  RaftIndex commit; // the leader's
  // Nothing is under way and everybody has everything: stop ticking until something comes.
  bool rest = false;
  std::vector<LogEntry> entries{};
  // To a replica that is recovering in this life: with the leader's entries up to
  // `whole_from` it has everything that anybody may count on it for.
  std::uint32_t recovering_life = 0;
  RaftIndex whole_from{};
  std::uint64_t round = 0; // Raft::begin_round()
};

// `match`: this replica's log is the leader's up to here, and on disk. If `rejected`, it
// does not know entry `rejected_prev` of that term; its log may be the leader's up to
// `hint_index`, where it has `hint_term`.
struct AppendReply {
  RaftIndex match;
  bool rejected = false;
  RaftIndex rejected_prev{};
  RaftIndex hint_index{};
  Term hint_term{};
  // HardState of the sender: what an earlier life said is no longer true.
  std::uint32_t life = 0;
  bool recovering = false;
  std::uint64_t round = 0; // of the leader's message that came last
};

// Where a replica starts from whose next entry is no longer in the leader's log
// (decision 11). The log begins behind `index`; the entries that follow are appended as
// always. The state is newer: as of `applied`, so entries up to there change it no more.
//
//   gone | index |  entries the leader still has  | applied |  entries ...
//                ^ next_offset        log_start ^
struct Snapshot {
  RaftIndex index;
  Term term;
  Offset next_offset; // of the entry behind `index`
  Offset log_start;
  RaftIndex applied;
  std::vector<StateRow> state{};
  Membership membership{}; // committed
  RaftIndex membership_index{};
};

// Answered with AppendReply::match = index once it is on disk.
struct InstallSnapshot {
  std::shared_ptr<const Snapshot> snapshot;
};

// For groups whose log is applied to a state of its own (decision 10): the rows of that
// state behind `after`, in key order; empty: from the first. Asked of the leader by who was
// sent a snapshot and lacks the state that goes with it.
struct StateRequest {
  std::string after{};
};

// Some rows behind `after`, as of `applied`; the next batch has `next_offset`. Each part may
// be as of another index: with the entries behind the least of them, applied once more, all
// together are the state as of the last.
struct StatePart {
  std::string after{};
  RaftIndex applied;
  Offset next_offset;
  std::vector<StateRow> rows{}; // every one has a value
  bool more = false;            // there are rows behind the last one
};

// The leader hands over: stand for election now.
struct TimeoutNow {};

// The sender's replica stops although its node lives. Sent by it once to everyone; the
// node's heartbeats may repeat it.
struct Stopped {};

using Body = std::variant<VoteRequest, VoteReply, Append, AppendReply, InstallSnapshot, TimeoutNow, Stopped,
                          StateRequest, StatePart>;

// What all entries of a log up to `index` come to (partition/log_digest.h). Index 0: none.
struct LogDigest {
  RaftIndex index;
  std::uint64_t value = 0;
  // What others said is in it, or entries that others gave to a replica that had lost its own: it is no voice
  // of its own about who is right.
  bool learned = false;

  bool operator==(const LogDigest&) const = default;
};

struct Message {
  GroupId group;
  NodeId from = no_node;
  NodeId to = no_node;
  Term term; // the sender's, see the bodies
  Body body;
  // The sender's, beside an Append or its reply. Raft itself does not look at them.
  LogDigest digest{};
  // The leader says: there all voters had the same digest. Index 0: nowhere in this term.
  RaftIndex agreed{};
  // The leader says: what the receiver has in this life is not the group's log.
  std::optional<std::uint32_t> damaged_life{};
};

// A larger message, as bytes_of() counts, reaches nobody (the other node's door takes 64 MiB
// with what is around it): nothing that could become one may enter a log.
inline constexpr std::size_t message_bytes_max = std::size_t{60} << 20;
inline constexpr std::size_t payload_bytes_max = message_bytes_max - 4096; // of one entry

// "append", for people.
std::string_view name_of(const Body& body);
// Roughly what it takes on the wire; for credits.
std::size_t bytes_of(const Message& message);

} // namespace callboard::raft
