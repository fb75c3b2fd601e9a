#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/log_entry.h"
#include "schema/membership.h"

namespace callboard {

// One row of state derived from a group's log (producers, term history): written and
// read back by the replica, opaque to storage. nullopt removes the row.
struct StateRow {
  std::string key;
  std::optional<std::string> value;

  bool operator==(const StateRow&) const = default;
};

// The log starts over behind an installed snapshot: what was there, entries and state
// rows, is gone; the next entry has index `first_index` and `next_offset`.
struct LogReset {
  RaftIndex first_index;
  Offset next_offset;
  Offset log_start;

  bool operator==(const LogReset&) const = default;
};

// The storage effect of a replica: what one commit of one group consists of. All of
// it or nothing is on disk.
struct LogWrite {
  // Remove entries from this index on, before `entries` are appended.
  std::optional<RaftIndex> truncate_from{};
  std::vector<LogEntry> entries{}; // dense indexes, following the log's last
  // Rows to change, as of `applied`, which is never past the committed index, and past
  // the last entry only behind a reset. `applied` 0: state and its index stay as they are.
  std::vector<StateRow> state{};
  RaftIndex applied{};
  // Comes before all of it.
  std::optional<LogReset> reset{};

  bool empty() const { return !reset && !truncate_from && entries.empty() && state.empty() && applied.value == 0; }
  std::size_t payload_bytes() const;
  // Puts a later write of the same group behind this one: one commit for both. A
  // truncation in `later` drops the entries here that it covers, a reset everything.
  void append(LogWrite&& later);
};

// Up to where a compacted log is to be cleaned, the same on every replica since it is an
// entry: of each key only the newest record below `upto` stays, and below
// `tombstones_below` not even that if it is a tombstone. A later cut covers an earlier one,
// so whoever is behind may skip to the last.
struct CompactionCut {
  Offset upto;
  Offset tombstones_below;         // at most `upto`
  TimestampMs time = no_timestamp; // when the leader decided it

  bool operator==(const CompactionCut&) const = default;
};

// What Raft must not forget: synced before a vote or a term is used. The membership is
// the newest committed one; later ones are entries of the log above it.
struct HardState {
  Term term;
  NodeId vote = no_node;
  Membership membership{};
  RaftIndex membership_index{}; // of its entry; 0: given when the replica was made
  // Counts how often this replica lost entries that it may have acknowledged: its log was
  // damaged and set aside, or went back to its last flush.
  std::uint32_t life = 0;
  // It did, and has not been told since that it has all of them again. Until then its vote
  // and its copy count for nothing (raft/raft.h).
  bool recovering = false;
  // It recovers because its node was brought into the group: it may have been there before, voted, and destroyed
  // all that. Memberships that it reads in the log may be of that time.
  bool brought_in = false;

  bool operator==(const HardState&) const = default;
};

// What a group's log held when it was opened: where a replica starts from.
struct RecoveredLog {
  RaftIndex first_index{1}; // of the oldest entry kept
  Offset first_offset;      // its base offset
  RaftIndex last_index;     // 0: empty
  Term last_term;
  Offset log_start;
  Offset next_offset; // that the next batch gets
  RaftIndex applied;  // `state` is as of this index
  std::vector<StateRow> state;
  // Entries after `applied`, to be replayed. Payloads of batches are cut to their
  // header (batch_header_bytes).
  std::vector<LogEntry> suffix;
  std::uint64_t payload_bytes = 0;          // of all batches kept
  TimestampMs max_timestamp = no_timestamp; // of all batches kept
};

} // namespace callboard
