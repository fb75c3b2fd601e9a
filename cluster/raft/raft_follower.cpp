// Raft: the follower's side of replication.
#include <algorithm>
#include <utility>

#include "cluster/raft/raft.h"

namespace callboard::raft {
namespace {

// Far from where indexes and offsets overflow.
constexpr std::uint64_t index_max = std::uint64_t{1} << 62;
constexpr std::int64_t offset_max = std::int64_t{1} << 62;

bool plausible(const LogEntry& entry) {
  const bool counts = entry.type == EntryType::batch ? entry.offset_count >= 0 : entry.offset_count == 0;
  if (!counts || entry.base_offset.value < 0 || entry.base_offset.value > offset_max) return false;
  switch (entry.type) {
  case EntryType::batch:
  case EntryType::noop:
  case EntryType::log_start:
  case EntryType::compaction: return true;
  case EntryType::gap: return false; // a leader tells what is in it
  case EntryType::membership: return decode_membership(entry.payload.view()).ok();
  }
  return false;
}

} // namespace

bool Raft::well_formed(const Message& message, const Append& append) const {
  auto index = append.prev_index;
  auto term = append.prev_term;
  if (index.value > index_max || term.value < 0 || term > message.term) return false;
  if (index.value == 0 && term.value != 0) return false;
  std::optional<Offset> offset;
  for (const auto& entry : append.entries) {
    index = index.next();
    const bool follows = entry.index == index && term <= entry.term && entry.term <= message.term;
    if (!follows || (offset && entry.base_offset != *offset) || !plausible(entry)) return false;
    term = entry.term;
    offset = entry.next_offset();
  }
  return !append.rest || append.entries.empty();
}

bool Raft::well_formed(const Message& message, const InstallSnapshot& install) const {
  if (!install.snapshot) return false;
  const auto& snapshot = *install.snapshot;
  // The membership may be ahead of `applied`: a leader that was restarted has it from its
  // hard state and has yet to commit that far again.
  const bool indexes = snapshot.index.value > 0 && snapshot.index <= snapshot.applied &&
                       snapshot.applied.value <= index_max && snapshot.membership_index.value <= index_max;
  const bool offsets = snapshot.next_offset.value >= 0 && snapshot.next_offset.value <= offset_max &&
                       snapshot.log_start.value >= 0 && snapshot.log_start.value <= offset_max;
  if (!indexes || !offsets || snapshot.term.value < 0 || snapshot.term > message.term) return false;
  const auto checked = checked_membership(snapshot.membership);
  return checked.ok() && *checked == snapshot.membership;
}

void Raft::receive(const Message& message, const Append& append) {
  if (hard_.recovering && append.recovering_life == hard_.life) whole_from_ = append.whole_from;
  heard_round_ = append.round;
  append_or_reject(message, append);
  finish_recovery();
}

void Raft::append_or_reject(const Message& message, const Append& append) {
  // Without room for what it has, a follower takes no more; heartbeats keep it in touch.
  if (blocked_ && !append.entries.empty()) return;
  const auto last_sent = append.prev_index.plus(append.entries.size());
  if (last_sent <= commit_index_ && !append.rest) {
    acknowledge(message.from, commit_index_);
    return;
  }
  // What is committed here is the leader's too, whatever it is compared with.
  if (append.prev_index > commit_index_ && log_.term_at(append.prev_index) != append.prev_term) {
    reject(message.from, append);
    return;
  }
  std::size_t first_new = 0;
  while (first_new < append.entries.size()) {
    const auto& entry = append.entries[first_new];
    if (entry.index > commit_index_ && log_.term_at(entry.index) != entry.term) break;
    ++first_new;
  }
  if (first_new < append.entries.size() && !append_new(append, first_new)) {
    ++refusals_.malformed;
    return;
  }
  commit_to(std::min(append.commit, last_sent));
  // Nobody would wake it under a leader whose node is taken for down already (on probation, say).
  const bool complete =
      last_sent == log_.last_index() && log_.stored_index() == last_sent && commit_index_ == last_sent;
  if (append.rest && complete && !is_down(message.from)) {
    resting_ = true;
    return;
  }
  if (first_new == append.entries.size()) {
    acknowledge(message.from, last_sent);
  } else {
    acknowledge_write(message.from, last_sent);
  }
}

void Raft::reject(NodeId leader, const Append& append) {
  wake();
  const auto hint = log_.meeting_point(append.prev_index, append.prev_term);
  auto reply = matched({});
  reply.rejected = true;
  reply.rejected_prev = append.prev_index;
  reply.hint_index = hint;
  reply.hint_term = log_.term_at(hint).value_or(Term{});
  send_after_hard_state(message_to(leader, std::move(reply)));
}

AppendReply Raft::matched(RaftIndex match) const {
  return {match, false, {}, {}, {}, hard_.life, hard_.recovering, heard_round_};
}

// It has on disk what this term's leader had when it heard of this life, and more was never
// counted on it. In this term its vote may have been given before.
void Raft::finish_recovery() {
  if (!hard_.recovering || !whole_from_ || std::min(acknowledged_, log_.stored_index()) < *whole_from_) return;
  // Its leader has to have committed something in this term, and with that all before it, so that who was
  // brought in knows which membership that was.
  const bool knows_members = !hard_.membership.voters.empty() && log_.term_at(commit_index_) == hard_.term;
  if (hard_.brought_in && !knows_members) return;
  hard_.recovering = hard_.brought_in = false;
  if (hard_.vote == no_node) hard_.vote = self_;
  store_hard_state();
}

// Appends from `first_new` on, in place of what differs. False: their offsets do not
// continue ours.
bool Raft::append_new(const Append& append, std::size_t first_new) {
  const auto& first = append.entries[first_new];
  if (log_.next_offset_at(first.index.prev()) != first.base_offset) return false;
  wake();
  if (first.index <= log_.last_index()) truncate_from(first.index);
  for (auto entry = append.entries.begin() + static_cast<std::ptrdiff_t>(first_new); entry != append.entries.end();
       ++entry) {
    log_.append(*entry);
    note_membership(*entry);
    effects_.write.entries.push_back(*entry);
  }
  note_write(log_.last_index());
  return true;
}

// Counts what is on disk by now; for what is not yet, a reply is on its way already.
void Raft::acknowledge(NodeId leader, RaftIndex match) {
  match = std::min(match, log_.stored_index());
  acknowledged_ = std::max(acknowledged_, match);
  send_after_hard_state(message_to(leader, matched(match)));
}

// One reply for all that is gathered in a write.
void Raft::acknowledge_write(NodeId leader, RaftIndex match) {
  acknowledged_ = std::max(acknowledged_, match);
  auto& replies = effects_.after_write;
  if (!replies.empty() && replies.back().to == leader && replies.back().term == hard_.term) replies.pop_back();
  replies.push_back(message_to(leader, matched(match)));
}

bool Raft::would_install(const Message& message) const {
  const auto* install = std::get_if<InstallSnapshot>(&message.body);
  const bool to_us = message.group == group_ && message.to == self_ && message.from != self_ && message.from.value >= 0;
  if (install == nullptr || stopped_ || !to_us || message.term < hard_.term || !well_formed(message, *install))
    return false;
  if (leads() && message.term == hard_.term) return false;
  const auto& snapshot = *install->snapshot;
  return log_.term_at(snapshot.index) != snapshot.term && snapshot.index > std::max(commit_index_, acknowledged_);
}

void Raft::receive(const Message& message, const InstallSnapshot& install) {
  const auto& snapshot = *install.snapshot;
  // A late one: the log has its last entry, or the leader was told of more. What was
  // acknowledged must never go.
  if (log_.term_at(snapshot.index) == snapshot.term) commit_to(snapshot.index);
  if (snapshot.index <= std::max(commit_index_, acknowledged_)) {
    acknowledge(message.from, std::max(commit_index_, acknowledged_));
    return;
  }
  wake();
  log_.reset(snapshot.index, snapshot.term, snapshot.next_offset);
  commit_index_ = snapshot.index;
  MembershipAt known{hard_.membership_index, hard_.membership};
  if (snapshot.membership_index >= known.index) known = {snapshot.membership_index, snapshot.membership};
  if (known.membership != hard_.membership || known.index != hard_.membership_index) {
    hard_.membership = known.membership;
    hard_.membership_index = known.index;
    store_hard_state();
  }
  memberships_.assign(1, std::move(known));
  for (auto& write : pending_writes_) write.stored_to = RaftIndex{};
  blocked_ = rewrite_due_ = false;
  effects_.after_write.clear();
  installed_ = unstored_reset_ = install.snapshot;
  give_reset();
  note_write(snapshot.index);
  acknowledge_write(message.from, snapshot.index);
}

void Raft::give_reset() {
  const auto& snapshot = *unstored_reset_;
  effects_.write = {};
  effects_.write.reset = LogReset{snapshot.index.next(), snapshot.next_offset, snapshot.log_start};
  effects_.write.state = snapshot.state;
  effects_.write.applied = snapshot.applied;
  reset_sequence_ = upcoming();
}

} // namespace callboard::raft
