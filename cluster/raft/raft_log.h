#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "schema/log_entry.h"

namespace callboard::raft {

// A term and the index of its first entry.
struct TermStart {
  Term term;
  RaftIndex first;

  bool operator==(const TermStart&) const = default;
};

// What Raft keeps of a log in memory: which term each entry has, and the newest entries.
//
//   first          kept from            readable from          stored          last
//     |  terms only   |  without payload     |  whole             |  being written |
//
// Every entry that is not committed, or not stored, is kept; payloads only of the newest.
class RaftLog {
public:
  struct Start {
    RaftIndex first;
    RaftIndex last;
    Term last_term;
    Offset next_offset;
    std::vector<TermStart> terms;
    std::vector<LogEntry> suffix; // up to `last`; its payloads may be cut
  };
  explicit RaftLog(Start start);

  RaftIndex first_index() const { return first_; }
  RaftIndex last_index() const { return last_; }
  Term last_term() const { return terms_.empty() ? Term{} : terms_.back().term; }
  RaftIndex stored_index() const { return stored_; }
  Offset next_offset() const { return next_offset_; }
  // nullopt: outside of the log, or so old that it is not known. The entry before the
  // first counts as part of the log, with term 0 if its own is forgotten.
  std::optional<Term> term_at(RaftIndex index) const;
  // The largest index <= `index` whose term is <= `term`; where two logs may meet that
  // differ in `index` (the follower's hint, and what the leader makes of it).
  RaftIndex meeting_point(RaftIndex index, Term term) const;
  // The offset behind `index`; nullopt if its entry is not kept.
  std::optional<Offset> next_offset_at(RaftIndex index) const;

  // `entry` follows the last one.
  void append(const LogEntry& entry);
  void truncate_from(RaftIndex index);
  // Starts over behind an installed snapshot, of which nothing is stored yet.
  void reset(RaftIndex index, Term term, Offset next_offset);
  void stored(RaftIndex index) { stored_ = index; }
  // Entries below `first` are gone.
  void remove_prefix(RaftIndex first);

  // Whole entries [from, ...] of at most `bytes_max` payload, but one at least; empty if
  // `from` is not readable from memory.
  bool readable(RaftIndex from) const { return from >= readable_from_ && from <= last_; }
  std::vector<LogEntry> read(RaftIndex from, std::size_t bytes_max) const;
  // Everything behind the stored index.
  std::vector<LogEntry> unstored() const;
  // Entries up to `done` are needed by nobody; of the others at most `bytes_max` of
  // payload stay. `committed`: what may be forgotten altogether.
  void shrink(RaftIndex done, RaftIndex committed, std::size_t bytes_max);
  std::size_t memory_bytes() const { return bytes_; }

private:
  RaftIndex kept_from() const { return RaftIndex(last_.value + 1 - entries_.size()); }
  const LogEntry& entry(RaftIndex index) const { return entries_[index.value - kept_from().value]; }

  RaftIndex first_;
  RaftIndex last_;
  RaftIndex stored_;
  RaftIndex readable_from_;
  Offset next_offset_;
  std::vector<TermStart> terms_; // by index
  std::deque<LogEntry> entries_; // up to last_
  std::size_t bytes_ = 0;        // of payload in readable entries
};

} // namespace callboard::raft
