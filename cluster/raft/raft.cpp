// Raft: inputs, terms, roles and time. Elections, the leader's and the follower's side of
// replication and membership are in the files beside it.
#include "cluster/raft/raft.h"

#include <algorithm>
#include <utility>

namespace callboard::raft {
namespace {

// No group elects so often that an honest peer is further ahead.
constexpr std::int64_t term_leap_max = 1 << 20;

bool is_reply(const Body& body) {
  return std::holds_alternative<VoteReply>(body) || std::holds_alternative<AppendReply>(body);
}

bool from_leader(const Body& body) {
  return std::holds_alternative<Append>(body) || std::holds_alternative<InstallSnapshot>(body);
}

RaftLog::Start log_start(Start& start) {
  return {start.first_index, start.last_index,       start.last_term,
          start.next_offset, std::move(start.terms), start.suffix};
}

} // namespace

Raft::Raft(Start start)
  : group_(start.group), self_(start.self), config_(start.config), hard_(std::move(start.hard)), log_(log_start(start)),
    commit_index_(std::min(start.commit_index, start.last_index)),
    own_term_first_(start.last_index.next()), memberships_{{hard_.membership_index, hard_.membership}},
    random_state_(start.seed + static_cast<std::uint64_t>(start.self.value)) {
  for (const auto& entry : start.suffix) note_membership(entry);
  reset_election_timer();
  // Nobody hears of a life that may not be known after a restart.
  if (hard_.brought_in && hard_.term == Term{}) store_hard_state();
}

bool Raft::needs_ticks() const {
  const bool leads_alone = leads() && alone() && !blocked_ && log_.last_term() == hard_.term;
  return !stopped_ && !resting_ && !leads_alone;
}

void Raft::tick() {
  if (stopped_ || resting_) return;
  if (rewrite_due_) {
    rewrite_due_ = false;
    give_unstored();
  }
  if (leads()) {
    tick_leader();
  } else {
    tick_follower();
  }
}

void Raft::tick_follower() {
  ++elapsed_;
  if (elapsed_ < election_timeout_) return;
  if (!may_stand()) {
    ask_who_leads();
    return;
  }
  // A candidate whose own vote is not on disk yet gains nothing from another term.
  if (role_ == Role::candidate && hard_stored_ < vote_sequence_) return;
  start_election(!sole_voter(), false);
}

void Raft::tick_leader() {
  if (++elapsed_ >= config_.election_ticks) {
    elapsed_ = 0;
    check_quorum();
    if (!leads()) return;
  }
  // What a lost write took back.
  if (log_.last_term() != hard_.term) append_noop();
  finish_change();
  if (!leads()) return;
  if (transfer_to_ != no_node && ++transfer_ticks_ >= config_.election_ticks) transfer_to_ = no_node;
  if (++heartbeat_elapsed_ >= config_.heartbeat_ticks) {
    heartbeat_elapsed_ = 0;
    send_heartbeats();
  }
  idle_ticks_ = may_rest() ? idle_ticks_ + 1 : 0;
  if (config_.rest_ticks > 0 && idle_ticks_ >= config_.rest_ticks) rest();
}

void Raft::step(Message message) {
  if (stopped_ || !acceptable(message)) return;
  if (const auto* request = std::get_if<VoteRequest>(&message.body)) {
    receive(message, *request);
    return;
  }
  const auto* vote = std::get_if<VoteReply>(&message.body);
  const bool pre_granted = vote != nullptr && vote->pre && vote->granted;
  // What has stopped is away in every term to come.
  if (std::holds_alternative<Stopped>(message.body) && message.term < hard_.term) {
    receive(message, Stopped{});
    return;
  }
  if (message.term < hard_.term) {
    ++refusals_.stale;
    // A leader of the past learns that it is one.
    if (!from_leader(message.body)) return;
    auto reply = matched({});
    reply.rejected = true;
    reply.round = 0; // of that leader nothing is known any more
    send_after_hard_state(message_to(message.from, std::move(reply)));
    return;
  }
  if (message.term > hard_.term && !pre_granted) follow(message.term, no_node);
  if (from_leader(message.body) && !heed(message.from)) return;
  std::visit([&](const auto& body) { receive(message, body); }, message.body);
}

// Whether to look at a message at all; nothing has changed yet.
bool Raft::acceptable(const Message& message) {
  const bool misled = message.group != group_ || message.to != self_ || message.from == self_ || message.from.value < 0;
  // Whoever may lead or stand for election by a membership that is not known here yet is
  // listened to; who answers, or stops, must be one of us.
  const bool member_only = is_reply(message.body) || std::holds_alternative<Stopped>(message.body);
  if (misled || (member_only && !membership().contains(message.from))) {
    ++refusals_.strangers;
    return false;
  }
  if (message.term.value > hard_.term.value + term_leap_max || message.term.value > term_max) {
    ++refusals_.far_future;
    return false;
  }
  const auto* append = std::get_if<Append>(&message.body);
  const auto* install = std::get_if<InstallSnapshot>(&message.body);
  if (message.term.value < 0 || (append != nullptr && !well_formed(message, *append)) ||
      (install != nullptr && !well_formed(message, *install))) {
    ++refusals_.malformed;
    return false;
  }
  // Who was away and asks for votes has not said yet what is left of its log.
  Progress* peer = find_peer(message.from);
  const bool asks = std::holds_alternative<VoteRequest>(message.body);
  if (peer != nullptr) peer->heard(is_down(message.from) || (asks && peer->away));
  return true;
}

// A leader speaks in our term. False: it cannot be one.
bool Raft::heed(NodeId leader) {
  if (leads() || (leader_ != no_node && leader_ != leader)) {
    ++refusals_.malformed;
    return false;
  }
  if (leader_ != leader) follow(hard_.term, leader);
  elapsed_ = 0;
  return true;
}

void Raft::receive(const Message& message, const TimeoutNow&) {
  const bool from_leader = leader_ == no_node || message.from == leader_; // of this term only it sends one
  if (!from_leader || leads() || !may_stand() || hard_.recovering) return;
  wake();
  start_election(false, true);
}

void Raft::receive(const Message& message, const Stopped&) {
  if (Progress* peer = find_peer(message.from)) peer->away = peer->behind = true;
  if (message.from == leader_) lose_leader();
}

void Raft::stop() {
  if (stopped_) return;
  effects_ = {};
  for (const auto node : membership().members()) {
    if (node != self_) send(node, Stopped{});
  }
  stopped_ = true;
  role_ = Role::follower;
  resting_ = false;
}

void Raft::peer_down(NodeId node) {
  if (stopped_ || node == self_ || is_down(node)) return;
  nodes_down_.push_back(node);
  // It may lack what is committed meanwhile, until it says otherwise.
  if (Progress* peer = find_peer(node)) peer->away = peer->behind = true;
  if (leads() && !quorum_present()) wake();
  if (node == leader_) lose_leader();
}

void Raft::peer_up(NodeId node) {
  std::erase(nodes_down_, node);
  Progress* peer = find_peer(node);
  if (stopped_ || peer == nullptr) return;
  const bool was_away = std::exchange(peer->away, false);
  // A voter that has forgotten who leads asks for votes and learns it so. A learner asks nobody:
  // it is spoken to until it says what it has.
  if (!membership().is_voter(node)) *peer = Progress(node, log_.last_index().next());
  if (was_away || peer->silent || peer->behind || peer->match() < log_.last_index()) wake();
  if (was_away) peer->expect_word();
}

bool Raft::is_down(NodeId node) const {
  return std::find(nodes_down_.begin(), nodes_down_.end(), node) != nodes_down_.end();
}

void Raft::follow(Term term, NodeId leader) {
  wake();
  if (term > hard_.term) {
    hard_.term = term;
    hard_.vote = no_node;
    store_hard_state();
    acknowledged_ = {};
    heard_round_ = 0;
    whole_from_.reset();
  }
  role_ = Role::follower;
  leader_ = leader;
  if (leader != no_node) asked_in_vain_ = 0;
  transfer_to_ = no_node;
  votes_.clear();
  progress_.clear();
  reset_election_timer();
}

// The leader is gone for sure: elect at once, one after the other, so that the votes do
// not split. Who begins differs from group to group.
void Raft::lose_leader() {
  const auto gone = std::exchange(leader_, no_node);
  wake();
  auto voters = membership().voters;
  std::erase(voters, gone);
  const auto place = static_cast<std::size_t>(std::find(voters.begin(), voters.end(), self_) - voters.begin());
  if (place == voters.size()) return;
  const auto turn = (place + group_.value) % voters.size();
  elapsed_ = 0;
  election_timeout_ = 1 + static_cast<std::uint32_t>(turn) * config_.heartbeat_ticks;
}

void Raft::wake() {
  if (!resting_) return;
  resting_ = false;
  idle_ticks_ = 0;
  heartbeat_elapsed_ = config_.heartbeat_ticks; // the next tick sends them
  reset_election_timer();
  for (auto& peer : progress_) peer.recent = true;
}

void Raft::stay_awake() {
  wake();
  idle_ticks_ = 0;
}

void Raft::rest() {
  for (auto& peer : progress_) {
    if (peer.away) continue;
    auto last = append_to(peer, log_.last_index(), log_.last_term());
    last.rest = true;
    send(peer.node(), std::move(last));
  }
  resting_ = true;
}

void Raft::reset_election_timer() {
  elapsed_ = 0;
  election_timeout_ = config_.election_ticks + static_cast<std::uint32_t>(random() % config_.election_ticks);
}

void Raft::store_hard_state() {
  effects_.hard_state = hard_;
  hard_sequence_ = upcoming();
}

// A promise that rests on term and vote. If those are on their way already, they are
// given once more to carry it.
void Raft::send_after_hard_state(Message message) {
  if (hard_stored_ >= hard_sequence_) {
    effects_.messages.push_back(std::move(message));
    return;
  }
  if (!effects_.hard_state) store_hard_state();
  effects_.after_hard_state.push_back(std::move(message));
}

Message Raft::message_to(NodeId to, Body body) const {
  return {group_, self_, to, hard_.term, std::move(body)};
}

void Raft::hard_state_stored(std::uint64_t sequence) {
  CB_ASSERT(sequence <= sequence_);
  hard_stored_ = std::max(hard_stored_, sequence);
  if (role_ == Role::candidate) count_votes();
}

void Raft::entries_stored(std::uint64_t sequence) {
  CB_ASSERT(sequence <= sequence_);
  std::size_t stored = 0;
  while (stored < pending_writes_.size() && pending_writes_[stored].sequence <= sequence) ++stored;
  if (stored == 0) return;
  const auto stored_to = pending_writes_[stored - 1].stored_to;
  pending_writes_.erase(pending_writes_.begin(), pending_writes_.begin() + static_cast<std::ptrdiff_t>(stored));
  if (sequence >= reset_sequence_) unstored_reset_ = nullptr;
  if (stored_to > log_.stored_index()) log_.stored(stored_to);
  if (log_.stored_index() == log_.last_index()) blocked_ = false;
  if (leads()) {
    advance_commit();
    finish_change();
  }
  finish_recovery();
  shrink_log();
}

bool Raft::write_lost() {
  pending_writes_.clear();
  effects_.write = {};
  effects_.after_write.clear();
  const auto stored = log_.stored_index();
  if (alone() && commit_index_ <= stored && sent_to_ <= stored) {
    log_.truncate_from(stored.next());
    forget_memberships(stored.next());
    own_term_first_ = std::min(own_term_first_, log_.last_index().next());
    return true;
  }
  wake();
  if (!leads()) follow(hard_.term, leader_); // no candidate any more
  blocked_ = rewrite_due_ = true;
  return false;
}

void Raft::give_unstored() {
  if (unstored_reset_) {
    give_reset();
  } else {
    effects_.write.truncate_from = log_.stored_index().next(); // a truncation may have been lost with it
  }
  for (auto& entry : log_.unstored()) effects_.write.entries.push_back(std::move(entry));
  note_write(log_.last_index());
}

// What is being gathered stores the log up to `last`.
void Raft::note_write(RaftIndex last) {
  if (pending_writes_.empty() || pending_writes_.back().sequence != upcoming()) {
    pending_writes_.push_back({upcoming(), last});
  } else {
    pending_writes_.back().stored_to = last;
  }
}

void Raft::truncate_from(RaftIndex index) {
  log_.truncate_from(index);
  forget_memberships(index);
  // A write on its way stores nothing of what is gone, even if the like comes again.
  for (auto& write : pending_writes_) write.stored_to = std::min(write.stored_to, index.prev());
  undone_from_ = undone_from_ ? std::min(*undone_from_, index) : index;
  LogWrite truncation;
  truncation.truncate_from = index;
  effects_.write.append(std::move(truncation));
}

void Raft::commit_to(RaftIndex index) {
  if (index <= commit_index_) return;
  commit_index_ = index;
  membership_committed();
  shrink_log();
}

void Raft::shrink_log() {
  log_.shrink(leads() ? everybody_has() : log_.last_index(), commit_index_, config_.memory_bytes_max);
}

void Raft::remove_prefix(RaftIndex first) {
  log_.remove_prefix(std::min(first, commit_index_.next()));
}

LogChange Raft::take_log_change() {
  return {std::exchange(effects_.write, {}), std::exchange(undone_from_, {}), std::exchange(installed_, nullptr)};
}

Effects Raft::take_effects() {
  if (leads() && !stopped_) replicate();
  installed_ = nullptr;
  undone_from_.reset();
  const bool stores =
      hard_sequence_ == upcoming() || (!pending_writes_.empty() && pending_writes_.back().sequence == upcoming());
  if (stores) effects_.sequence = ++sequence_;
  return std::exchange(effects_, {});
}

// splitmix64
std::uint64_t Raft::random() {
  random_state_ += 0x9E3779B97F4A7C15ULL;
  auto mixed = random_state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
  return mixed ^ (mixed >> 31);
}

} // namespace callboard::raft
