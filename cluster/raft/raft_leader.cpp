// Raft: the leader's side of replication.
#include <algorithm>
#include <string>
#include <utility>

#include "cluster/raft/raft.h"
#include "cluster/raft/sabotage.h"

namespace callboard::raft {
namespace {

// What an entry without payload counts in a window.
constexpr std::size_t entry_overhead_bytes = 48;

std::size_t weight_of(const std::vector<LogEntry>& entries) {
  std::size_t sum = 0;
  for (const auto& entry : entries) sum += entry.payload.size() + entry_overhead_bytes;
  return sum;
}

} // namespace

bool Raft::propose(std::vector<LogEntry>& entries) {
  if (!leads() || handing_over() || blocked_ || stopped_) return false;
  for (auto& entry : entries) append_own(entry);
  return true;
}

void Raft::append_own(LogEntry& entry) {
  wake();
  idle_ticks_ = 0;
  entry.index = log_.last_index().next();
  entry.term = hard_.term;
  if (entry.type != EntryType::batch) entry.base_offset = log_.next_offset();
  log_.append(entry);
  note_membership(entry);
  effects_.write.entries.push_back(entry);
  note_write(entry.index);
}

void Raft::append_noop() {
  LogEntry noop;
  noop.type = EntryType::noop;
  append_own(noop);
}

Status Raft::transfer_leadership(NodeId to) {
  if (!leads()) return Error{ErrorCode::not_leader_or_follower, "Only the leader hands over."};
  const auto& voters = membership().voters;
  if (std::find(voters.begin(), voters.end(), to) == voters.end()) {
    return Error{ErrorCode::invalid_request, "Node " + std::to_string(to.value) + " has no vote in this group."};
  }
  Progress* peer = find_peer(to);
  if (peer == nullptr) return ok_status();
  if (peer->away) {
    return Error{ErrorCode::invalid_request, "Node " + std::to_string(to.value) + " is away and cannot take over."};
  }
  if (!peer->counts()) {
    return Error{ErrorCode::invalid_request,
                 "Node " + std::to_string(to.value) + " recovers what it lost and cannot take over yet."};
  }
  // Nothing is appended meanwhile, so it must not take long.
  if (!is_close(*peer)) {
    return Error{ErrorCode::invalid_request,
                 "Node " + std::to_string(to.value) + " cannot take over yet: it still catches up."};
  }
  wake();
  if (transfer_to_ != to) transfer_ticks_ = 0;
  transfer_to_ = to;
  continue_transfer(*peer);
  return ok_status();
}

void Raft::continue_transfer(const Progress& peer) {
  if (peer.node() == transfer_to_ && peer.match() == log_.last_index()) send(peer.node(), TimeoutNow{});
}

void Raft::receive(const Message& message, const AppendReply& reply) {
  Progress* peer = find_peer(message.from);
  if (peer == nullptr) return;
  const bool void_one = reply.life < peer->life && !sabotaged(Sabotage::earlier_lives_counted);
  if (void_one) {
    ++refusals_.stale;
    return;
  }
  const bool counted = peer->counts();
  hear_life(*peer, reply);
  hear_round(*peer, reply.round);
  const bool counts_again = !counted && peer->counts();
  if (reply.match > log_.last_index() || reply.hint_index > reply.rejected_prev) {
    ++refusals_.malformed;
  } else if (reply.rejected) {
    on_rejected(*peer, reply);
  } else {
    on_matched(*peer, reply.match);
  }
  if (!counts_again || !leads()) return;
  advance_commit();
  finish_change(); // peers may be others now
}

// What an earlier life of it acknowledged counts no more, and nothing does before it says
// that it has recovered.
void Raft::hear_life(Progress& peer, const AppendReply& reply) {
  if (reply.life > peer.life && !sabotaged(Sabotage::earlier_lives_counted)) {
    wake();
    peer.begin_life(reply.life, log_.last_index());
  }
  peer.recovering = reply.recovering;
}

Append Raft::append_to(const Progress& peer, RaftIndex prev, Term prev_term) const {
  Append append{prev, prev_term, commit_index_};
  append.round = round_;
  if (peer.recovering) {
    append.recovering_life = peer.life;
    append.whole_from = peer.whole_from;
  }
  return append;
}

// Where the logs may meet: behind the last entry of the follower that our log can have
// too. A whole term of differing entries costs one message (Raft paper, 5.3).
void Raft::on_rejected(Progress& peer, const AppendReply& reply) {
  const bool probing = peer.state() == Progress::State::probe;
  const bool current = probing ? reply.rejected_prev == peer.next().prev() : reply.rejected_prev > peer.match();
  if (!current || peer.state() == Progress::State::snapshot) return;
  wake();
  // It denies what it acknowledged: that was an earlier replica on its node, which is gone.
  if (reply.rejected_prev <= peer.match() && membership().is_learner(peer.node())) peer.forget();
  const auto meeting = log_.meeting_point(reply.hint_index, reply.hint_term);
  peer.probe_from(std::min(meeting.next(), reply.rejected_prev));
}

void Raft::on_matched(Progress& peer, RaftIndex match) {
  const bool news = peer.matched(match);
  if (peer.match() >= commit_index_) peer.behind = false;
  if (peer.state() == Progress::State::probe) peer.replicate();
  if (peer.state() == Progress::State::snapshot && match >= peer.snapshot_index()) peer.replicate();
  if (!news) return;
  advance_commit();
  shrink_log();
  continue_transfer(peer);
  finish_change();
}

// By counting only what is of its own term (Raft paper, figure 8).
void Raft::advance_commit() {
  const auto index = majority_index(membership(), [&](NodeId node) { return match_of(node); });
  const bool own_term = index >= own_term_first_ || sabotaged(Sabotage::earlier_term_committed_by_count);
  if (!own_term || index <= commit_index_) return;
  commit_to(index);
}

RaftIndex Raft::match_of(NodeId node) const {
  if (node == self_) return log_.stored_index();
  const Progress* peer = find_peer(node);
  return peer == nullptr || !peer->counts() ? RaftIndex{} : peer->match();
}

RaftIndex Raft::stored_on(std::size_t copies) const {
  return copies_index(membership().voters, copies, [&](NodeId node) { return match_of(node); });
}

bool Raft::is_present(NodeId node) const {
  const Progress* peer = find_peer(node);
  return node == self_ || (peer != nullptr && peer->present());
}

std::size_t Raft::voters_present() const {
  const auto& voters = membership().voters;
  const auto present = [&](NodeId node) {
    const Progress* peer = find_peer(node);
    return is_present(node) && (peer == nullptr || peer->counts());
  };
  return static_cast<std::size_t>(std::count_if(voters.begin(), voters.end(), present));
}

bool Raft::quorum_present() const {
  const auto ballot_of = [&](NodeId node) { return is_present(node) ? Ballot::granted : Ballot::refused; };
  return vote_result(membership(), ballot_of) == VoteResult::won;
}

// Whom nobody hears from leads nobody: clients are to find the leader that the others
// have elected by now.
void Raft::check_quorum() {
  for (auto& peer : progress_) {
    peer.silent = !std::exchange(peer.recent, false);
    peer.behind = peer.silent || peer.match() < committed_at_check_;
  }
  committed_at_check_ = commit_index_;
  if (!quorum_present())
    follow(hard_.term, no_node);
  else if (blocked_ && transfer_to_ == no_node)
    yield_full_disk();
}

// An append of nothing behind nothing, which every log can take: what it says of the round is all. Heartbeats
// carry the number too, should it be lost.
std::uint64_t Raft::begin_round() {
  stay_awake();
  ++round_;
  for (const auto& peer : progress_) send(peer.node(), append_to(peer, {}, {}));
  return round_;
}

// Who recovers may have voted for another leader and not know it.
std::uint64_t Raft::answered_round() const {
  if (sabotaged(Sabotage::leadership_assumed)) return round_;
  const auto answered_by = [&](NodeId node) {
    const Progress* peer = find_peer(node);
    if (node == self_) return RaftIndex{round_};
    return peer != nullptr && peer->counts() ? RaftIndex{peer->round} : RaftIndex{};
  };
  return majority_index(membership(), answered_by).value;
}

void Raft::hear_round(Progress& peer, std::uint64_t round) {
  if (round > round_)
    ++refusals_.malformed;
  else
    peer.round = std::max(peer.round, round);
}

// Others may have room: to whoever has all that was sent.
void Raft::yield_full_disk() {
  const auto heir = std::find_if(progress_.begin(), progress_.end(), [&](const Progress& peer) {
    return membership().is_voter(peer.node()) && peer.present() && peer.counts() && peer.match() == log_.last_index();
  });
  if (heir != progress_.end()) static_cast<void>(transfer_leadership(heir->node()));
}

void Raft::replicate() {
  for (auto& peer : progress_) {
    while (!peer.paused(config_.inflight_bytes_max) && !peer.reading && peer.next() <= log_.last_index()) {
      send_append(peer);
    }
  }
}

void Raft::send_append(Progress& peer) {
  const auto prev = peer.next().prev();
  // Terms that ended below the log start are forgotten, perhaps before their entries are.
  const bool known = log_.term_at(prev) && log_.term_at(peer.next());
  if (!known || peer.next() < log_.first_index()) {
    peer.await_snapshot(log_.first_index().prev());
    effects_.snapshots.push_back(peer.node());
  } else if (log_.readable(peer.next())) {
    send_entries(peer, log_.read(peer.next(), config_.message_bytes_max));
  } else {
    peer.reading = true;
    effects_.reads.push_back({peer.node(), peer.next(), log_.stored_index(), config_.message_bytes_max});
  }
}

void Raft::send_entries(Progress& peer, std::vector<LogEntry> entries) {
  const auto prev = peer.next().prev();
  const auto last = entries.back().index;
  const auto weight = weight_of(entries);
  auto append = append_to(peer, prev, *log_.term_at(prev));
  append.entries = std::move(entries);
  send(peer.node(), std::move(append));
  peer.sent(last, weight);
  sent_to_ = std::max(sent_to_, last);
}

void Raft::entries_read(NodeId to, RaftIndex from, std::vector<LogEntry> entries) {
  Progress* peer = find_peer(to);
  if (peer == nullptr || !peer->reading) return;
  peer->reading = false;
  // What is no longer needed next, was read before the log changed, or could not be read,
  // is asked for again.
  if (peer->next() != from) return;
  auto index = from;
  for (const auto& entry : entries) {
    if (entry.index != index || log_.term_at(index) != entry.term) return;
    index = index.next();
  }
  if (entries.empty()) {
    peer->probe_from(peer->next());
    peer->sent(peer->next(), 0); // paused until the next heartbeat
  } else if (!peer->paused(config_.inflight_bytes_max) && log_.term_at(from.prev())) {
    send_entries(*peer, std::move(entries));
  }
}

void Raft::send_snapshot(NodeId to, std::shared_ptr<const Snapshot> snapshot) {
  Progress* peer = find_peer(to);
  if (peer == nullptr || peer->state() != Progress::State::snapshot || !snapshot) return;
  peer->await_snapshot(snapshot->index);
  send(to, InstallSnapshot{std::move(snapshot)});
}

void Raft::send_heartbeats() {
  for (auto& peer : progress_) send_heartbeat(peer);
}

void Raft::send_heartbeat(Progress& peer) {
  peer.resume_probe();
  auto prev = peer.next().prev();
  if (peer.state() == Progress::State::snapshot) {
    peer.snapshot_ticks += config_.heartbeat_ticks;
    if (peer.snapshot_ticks >= config_.election_ticks) peer.probe_from(peer.next());
    prev = {};
  }
  const auto term = log_.term_at(prev);
  if (!term) peer.probe_from(peer.next()); // the log was cut behind it: find out what it has
  send(peer.node(), append_to(peer, term ? prev : RaftIndex{}, term.value_or(Term{})));
}

bool Raft::may_rest() const {
  const auto last = log_.last_index();
  if (!settled() || commit_index_ != last || log_.stored_index() != last || handing_over()) return false;
  if (round_ > 0 && answered_round() < round_) return false;
  if (memberships_.size() > 1 || membership().joint() || hard_stored_ < hard_sequence_ || !quorum_present())
    return false;
  return std::all_of(progress_.begin(), progress_.end(), [&](const Progress& peer) {
    return peer.away || (!peer.silent && !peer.behind && peer.match() == last && peer.counts());
  });
}

const Progress* Raft::find_peer(NodeId node) const {
  const auto peer =
      std::find_if(progress_.begin(), progress_.end(), [&](const Progress& it) { return it.node() == node; });
  return peer == progress_.end() ? nullptr : &*peer;
}

Progress* Raft::find_peer(NodeId node) {
  return const_cast<Progress*>(std::as_const(*this).find_peer(node));
}

RaftIndex Raft::everybody_has() const {
  auto least = log_.last_index();
  for (const auto& peer : progress_) {
    if (!peer.away) least = std::min(least, peer.match());
  }
  return least;
}

} // namespace callboard::raft
