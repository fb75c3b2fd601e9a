// Raft: who belongs to the group. A membership holds from the moment its entry is in the
// log, committed or not (thesis, 4.1), and is undone with it.
#include <algorithm>
#include <string>
#include <utility>

#include "cluster/raft/raft.h"
#include "cluster/raft/sabotage.h"

namespace callboard::raft {

Status Raft::change_membership(Membership target) {
  if (auto refused = refuse_change(target); !refused) return refused;
  const auto& current = membership();
  const bool joint = target.voters != current.voters && !sabotaged(Sabotage::membership_without_joint);
  if (joint) target.outgoing = current.voters;
  auto checked = checked_membership(std::move(target));
  if (!checked) return checked.error();
  LogEntry entry;
  entry.type = EntryType::membership;
  entry.payload = encode_membership(*checked);
  append_own(entry);
  return ok_status();
}

Status Raft::refuse_change(Membership& target) const {
  if (!leads()) return Error{ErrorCode::not_leader_or_follower, "Only the leader changes who belongs to a group."};
  if (!settled() || handing_over() || blocked_) {
    return Error{ErrorCode::leader_not_available, "The leader is taking or giving up office, or its disk is full."};
  }
  if (membership().joint() || memberships_.size() > 1) {
    return Error{ErrorCode::invalid_request, "Another change of the group's membership is under way."};
  }
  target.outgoing.clear();
  auto checked = checked_membership(std::move(target));
  if (!checked) return checked.error();
  target = std::move(*checked);
  for (const auto voter : target.voters) {
    if (sabotaged(Sabotage::voter_before_it_caught_up)) break;
    // One that the group was made with and that never was there would be a voter without knowing it.
    const auto* peer = find_peer(voter);
    if (target.voters != membership().voters && peer != nullptr && peer->match().value == 0)
      return Error{ErrorCode::leader_not_available,
                   "Node " + std::to_string(voter.value) + " has acknowledged nothing to this leader yet."};
    if (membership().is_voter(voter) || has_caught_up(voter)) continue;
    return Error{ErrorCode::invalid_request,
                 "Node " + std::to_string(voter.value) + " cannot vote yet: it must be a learner that has caught up."};
  }
  return ok_status();
}

// A node that was a member before may have destroyed what it had, and its acknowledgements may still be on
// their way: what it says counts once it has the entry that made it a learner.
bool Raft::has_caught_up(NodeId learner) const {
  const Progress* peer = find_peer(learner);
  if (peer == nullptr || !membership().is_learner(learner) || peer->match() < hard_.membership_index) return false;
  return peer->match() >= own_term_first_ && is_close(*peer);
}

// What it still lacks is on its way or in memory.
bool Raft::is_close(const Progress& peer) const {
  const auto match = peer.match();
  return peer.counts() && !peer.away && peer.state() == Progress::State::replicate &&
         (match == log_.last_index() || log_.readable(match.next()));
}

void Raft::note_membership(const LogEntry& entry) {
  if (entry.type != EntryType::membership || entry.index <= memberships_.back().index) return;
  auto read = decode_membership(entry.payload.view());
  if (!read) return; // of a log that is found damaged elsewhere
  memberships_.push_back({entry.index, std::move(*read)});
  if (leads()) rebuild_progress();
}

void Raft::forget_memberships(RaftIndex from) {
  const auto before = memberships_.size();
  while (memberships_.size() > 1 && memberships_.back().index >= from) memberships_.pop_back();
  if (leads() && memberships_.size() != before) rebuild_progress();
}

void Raft::membership_committed() {
  if (memberships_.size() < 2 || memberships_[1].index > commit_index_) return;
  while (memberships_.size() > 1 && memberships_[1].index <= commit_index_) memberships_.erase(memberships_.begin());
  hard_.membership = memberships_.front().membership;
  hard_.membership_index = memberships_.front().index;
  store_hard_state();
}

// A leader moves on from what is committed: out of joint consensus, and out of office if
// it is no longer one of the voters.
void Raft::finish_change() {
  if (memberships_.size() > 1 || memberships_.front().index > commit_index_ || !settled() || blocked_) return;
  if (membership().joint()) {
    LogEntry entry;
    entry.type = EntryType::membership;
    entry.payload = encode_membership({membership().voters, {}, membership().learners});
    append_own(entry);
  } else if (!membership().is_voter(self_)) {
    leave_office();
  }
}

// The others learn that the change is committed, and the one who has most takes over.
void Raft::leave_office() {
  send_heartbeats();
  const Progress* heir = nullptr;
  for (const auto& peer : progress_) {
    if (!membership().is_voter(peer.node()) || peer.away || !peer.counts()) continue;
    if (heir == nullptr || peer.match() > heir->match()) heir = &peer;
  }
  if (heir != nullptr) send(heir->node(), TimeoutNow{});
  follow(hard_.term, no_node);
}

void Raft::rebuild_progress() {
  std::vector<Progress> rebuilt;
  for (const auto node : membership().members()) {
    if (node == self_) continue;
    if (auto* known = find_peer(node)) {
      rebuilt.push_back(std::move(*known));
    } else {
      rebuilt.emplace_back(node, log_.last_index().next());
      rebuilt.back().away = is_down(node);
    }
  }
  progress_ = std::move(rebuilt);
}

} // namespace callboard::raft
