#pragma once

#include <optional>
#include <vector>

#include "schema/log_write.h"

namespace callboard::raft {

enum class Role : std::uint8_t { follower, candidate, leader };

// Where a group's Raft starts from: what was on disk.
struct Start {
  NodeId self;
  HardState hard; // voters: who counts
  RaftIndex first_index{1};
  RaftIndex last_index;
  Term last_term;
  RaftIndex commit_index; // known to be committed: what the derived state was written as of
};

// What the caller has to do, in this order. Storage effects are answered by
// hard_state_stored() and entries_stored() once they are on disk; until then nothing
// that promises them leaves (decisions 3 and 7).
struct Effects {
  std::optional<HardState> hard_state;
  std::optional<RaftIndex> truncate_from;
  std::vector<LogEntry> append;
};

// One group's Raft, a pure state machine: inputs change it and leave effects to be
// taken. Drives groups of one voter: it elects itself, and an entry is committed once
// this node has it on disk. Not leader for a larger group.
//
//   campaign() -> hard_state: term + 1, vote for itself
//   hard_state_stored() -> leader, append: a noop, the first entry of its term
//   entries_stored() -> settled: the noop and everything before it is committed
class Raft {
public:
  explicit Raft(Start start);

  // Stands for election. Ignored by a candidate and by a node that is not the only
  // voter. A leader whose first entry was discarded appends it again, any other leader
  // ignores it.
  void campaign();
  // Gives `entries` their index and term and appends them. False if not leader; the
  // entries are then untouched.
  bool propose(std::vector<LogEntry>& entries);
  // Answers of an earlier term are ignored.
  void hard_state_stored(Term term);
  // Everything up to `last` of `term` is on disk.
  void entries_stored(RaftIndex last, Term term);
  // The write of everything after the stored index failed and left no trace (disk
  // full): the log ends there again. Only a sole voter may do this; nobody else saw
  // them.
  void discard_unstored();

  Effects take_effects();

  Role role() const { return role_; }
  Term term() const { return hard_.term; }
  NodeId leader() const { return leader_; }
  const std::vector<NodeId>& voters() const { return hard_.voters; }
  RaftIndex last_index() const { return last_index_; }
  RaftIndex stored_index() const { return stored_index_; }
  RaftIndex commit_index() const { return commit_index_; }
  // A leader that has committed an entry of its own term: only then it knows what is
  // committed and may answer "latest".
  bool settled() const { return role_ == Role::leader && commit_index_ >= own_term_first_; }

private:
  bool sole_voter() const { return hard_.voters.size() == 1 && hard_.voters.front() == self_; }
  void append(LogEntry& entry);
  void append_noop();

  NodeId self_;
  HardState hard_;
  Role role_ = Role::follower;
  NodeId leader_ = no_node;
  RaftIndex last_index_;
  Term last_term_;
  RaftIndex stored_index_;
  Term stored_term_; // of the entry at stored_index_
  RaftIndex commit_index_;
  RaftIndex own_term_first_; // where the leader's first entry is or will be
  Effects effects_;
};

} // namespace callboard::raft
