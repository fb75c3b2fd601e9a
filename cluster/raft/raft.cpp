#include "cluster/raft/raft.h"

#include <algorithm>
#include <utility>

namespace callboard::raft {

Raft::Raft(Start start)
  : self_(start.self), hard_(std::move(start.hard)), last_index_(start.last_index), last_term_(start.last_term),
    stored_index_(start.last_index), stored_term_(start.last_term),
    commit_index_(std::min(start.commit_index, start.last_index)), own_term_first_(start.last_index.next()) {}

void Raft::campaign() {
  if (role_ == Role::leader && last_term_ != hard_.term) append_noop();
  if (role_ != Role::follower || !sole_voter()) return;
  role_ = Role::candidate;
  hard_.term = hard_.term.next();
  hard_.vote = self_;
  effects_.hard_state = hard_;
}

void Raft::hard_state_stored(Term term) {
  if (role_ != Role::candidate || term != hard_.term) return;
  role_ = Role::leader;
  leader_ = self_;
  own_term_first_ = last_index_.next();
  append_noop();
}

bool Raft::propose(std::vector<LogEntry>& entries) {
  if (role_ != Role::leader) return false;
  for (auto& entry : entries) append(entry);
  return true;
}

void Raft::entries_stored(RaftIndex last, Term term) {
  CB_ASSERT(last <= last_index_);
  if (last <= stored_index_) return;
  stored_index_ = last;
  stored_term_ = term;
  // A leader commits by count only what ends in its own term (Raft paper, 5.4.2).
  if (role_ == Role::leader && stored_index_ >= own_term_first_) commit_index_ = stored_index_;
}

void Raft::discard_unstored() {
  CB_ASSERT(sole_voter());
  last_index_ = stored_index_;
  last_term_ = stored_term_;
  own_term_first_ = std::min(own_term_first_, last_index_.next());
  effects_.append.clear();
}

Effects Raft::take_effects() {
  return std::exchange(effects_, {});
}

void Raft::append(LogEntry& entry) {
  last_index_ = last_index_.next();
  last_term_ = hard_.term;
  entry.index = last_index_;
  entry.term = last_term_;
  effects_.append.push_back(entry);
}

void Raft::append_noop() {
  LogEntry noop;
  noop.type = EntryType::noop;
  append(noop);
}

} // namespace callboard::raft
