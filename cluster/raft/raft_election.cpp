// Raft: pre-votes, votes, and becoming leader.
#include <algorithm>
#include <tuple>

#include "cluster/raft/raft.h"
#include "cluster/raft/sabotage.h"

namespace callboard::raft {
namespace {

// Election time-outs that a replica without a vote leaves to those who have one.
constexpr std::uint32_t asked_in_vain_max = 5;

} // namespace

bool Raft::sole_voter() const {
  const auto& current = membership();
  return !current.joint() && current.voters.size() == 1 && current.voters.front() == self_;
}

bool Raft::alone() const {
  return sole_voter() && membership().learners.empty();
}

// It lost its log, and would stand on its own vote alone by a membership of before: but nobody begins anew unless
// others go on, and it may itself have committed who they are, and not have stored that.
bool Raft::lost_alone() const {
  return hard_.recovering && sole_voter();
}

// Who loses his vote by an entry that is not committed may be the only one who has it:
// he stands still, though he does not count (thesis, 4.2.2). A replica whose disk is full
// could not store the first entry of its term.
bool Raft::may_stand() const {
  return !blocked_ && !hard_.brought_in && !lost_alone() &&
         std::any_of(memberships_.begin(), memberships_.end(),
                     [&](const MembershipAt& at) { return at.membership.is_voter(self_); });
}

// A replica that was brought in may have been there before, voted, and destroyed what it had. While it reads the
// log from its start it sees memberships of its earlier life: none is taken for its own before it has recovered.
bool Raft::was_ever_member() const {
  return !hard_.brought_in && std::any_of(memberships_.begin(), memberships_.end(),
                                          [&](const MembershipAt& at) { return at.membership.contains(self_); });
}

void Raft::campaign() {
  if (stopped_) return;
  if (leads() && log_.last_term() != hard_.term) append_noop();
  if (role_ != Role::follower || !may_stand()) return;
  wake();
  start_election(!sole_voter(), false);
}

void Raft::start_election(bool pre, bool transfer) {
  if (hard_.term.value >= term_max) return;
  leader_ = no_node;
  reset_election_timer();
  votes_.assign(1, {self_, true, hard_.recovering});
  role_ = pre ? Role::pre_candidate : Role::candidate;
  if (!pre) {
    hard_.term = hard_.term.next();
    hard_.vote = self_;
    heard_round_ = 0;
    store_hard_state();
    vote_sequence_ = hard_sequence_;
  }
  ask_for_votes(pre, transfer);
  count_votes();
}

void Raft::ask_for_votes(bool pre, bool transfer) {
  for (const auto node : membership().members()) {
    if (node == self_ || !membership().is_voter(node)) continue;
    auto request =
        message_to(node, VoteRequest{log_.last_index(), log_.last_term(), pre, transfer, memberships_.back().index});
    if (pre) {
      request.term = request.term.next();
      effects_.messages.push_back(std::move(request));
    } else {
      send_after_hard_state(std::move(request));
    }
  }
}

// Who does not vote hears of nobody after a start, if the leader rests: it asks for a vote that it
// does not want, which a leader answers by showing itself. If none does for long, it may be that the voters
// that are left cannot elect any of their own: one needs the vote of this replica by an entry that is not
// committed, and this one has more. So it stands, and once it leads hands over to a voter.
void Raft::ask_who_leads() {
  if (++asked_in_vain_ > asked_in_vain_max && was_ever_member() && !lost_alone()) {
    start_election(true, false);
    return;
  }
  reset_election_timer();
  ask_for_votes(true, false);
}

void Raft::receive(const Message& message, const VoteRequest& request) {
  if (message.term < hard_.term) {
    ++refusals_.stale;
    answer_vote(message, request.pre, false);
    return;
  }
  if (leads() && !membership().contains(message.from)) {
    ++refusals_.strangers;
    return;
  }
  if (!was_ever_member()) {
    ++refusals_.strangers;
    answer_vote(message, request.pre, false);
    return;
  }
  if (keeps_leader(message.from, request)) {
    ++refusals_.leader_kept;
    remind(message.from);
    return;
  }
  // Who asks for the next term leads this one no more; it may be deaf and never learn that
  // its followers rest.
  if (message.from == leader_ && message.term > hard_.term) lose_leader();
  if (!request.pre && message.term > hard_.term) follow(message.term, no_node);
  const bool free = request.pre ? message.term > hard_.term
                                : hard_.vote == message.from || (hard_.vote == no_node && leader_ == no_node);
  const bool up_to_date =
      std::tie(request.last_term, request.last_index) >= std::make_tuple(log_.last_term(), log_.last_index());
  // Who lost his log still knows which membership was committed: others are to vote than the
  // asker thinks, and he lacks that entry.
  const bool outdated = hard_.recovering && request.membership_index < hard_.membership_index;
  const bool granted = free && up_to_date && !outdated;
  if (granted && !request.pre) {
    if (hard_.vote != message.from) {
      hard_.vote = message.from;
      store_hard_state();
    }
    role_ = Role::follower;
    reset_election_timer();
  }
  answer_vote(message, request.pre, granted);
}

// Who hears the leader, or rests under it, defends it: against whoever was cut off, and
// against the removed.
bool Raft::keeps_leader(NodeId from, const VoteRequest& request) const {
  if (request.transfer || leader_ == from) return false;
  return leads() || (leader_ != no_node && (resting_ || elapsed_ < config_.election_ticks));
}

// A leader tells one of its own, who does not know of it, that it is there.
void Raft::remind(NodeId node) {
  Progress* peer = find_peer(node);
  if (peer == nullptr) return;
  wake();
  send_heartbeat(*peer);
}

void Raft::answer_vote(const Message& message, bool pre, bool granted) {
  auto reply = message_to(message.from, VoteReply{pre, granted, hard_.recovering});
  if (granted) reply.term = message.term;
  if (granted && !pre) {
    send_after_hard_state(std::move(reply));
  } else {
    effects_.messages.push_back(std::move(reply));
  }
}

void Raft::receive(const Message& message, const VoteReply& reply) {
  const bool asked = reply.pre ? role_ == Role::pre_candidate : role_ == Role::candidate;
  const auto granted_term = reply.pre ? hard_.term.next() : hard_.term;
  if (!asked || (reply.granted && message.term != granted_term)) return;
  const auto known =
      std::find_if(votes_.begin(), votes_.end(), [&](const Vote& vote) { return vote.from == message.from; });
  if (known != votes_.end()) return;
  votes_.push_back({message.from, reply.granted, reply.recovering});
  count_votes();
}

// Then nobody has more than this replica, whoever lost what.
bool Raft::all_grant(bool own_vote_stored) const {
  if (!own_vote_stored) return false;
  const auto grants = [&](NodeId node) {
    return std::any_of(votes_.begin(), votes_.end(), [&](const Vote& it) { return it.from == node && it.granted; });
  };
  const auto members = membership().members();
  return std::all_of(members.begin(), members.end(),
                     [&](NodeId node) { return !membership().is_voter(node) || grants(node); });
}

void Raft::count_votes() {
  const bool own_vote_stored = role_ == Role::pre_candidate || hard_stored_ >= vote_sequence_;
  const auto ballot_of = [&](NodeId node) {
    const auto vote = std::find_if(votes_.begin(), votes_.end(), [&](const Vote& it) { return it.from == node; });
    if (vote == votes_.end() || (node == self_ && !own_vote_stored)) return Ballot::missing;
    if (vote->granted && vote->recovering && !sabotaged(Sabotage::recovering_votes)) return Ballot::missing;
    return vote->granted ? Ballot::granted : Ballot::refused;
  };
  auto result = vote_result(membership(), ballot_of);
  if (result == VoteResult::pending && all_grant(own_vote_stored)) result = VoteResult::won;
  switch (result) {
  case VoteResult::pending: return;
  case VoteResult::lost: follow(hard_.term, no_node); return;
  case VoteResult::won: break;
  }
  if (role_ == Role::pre_candidate) {
    start_election(false, false);
  } else if (own_vote_stored) {
    lead();
  }
}

void Raft::lead() {
  role_ = Role::leader;
  leader_ = self_;
  own_term_first_ = log_.last_index().next();
  committed_at_check_ = {};
  round_ = 0;
  elapsed_ = heartbeat_elapsed_ = idle_ticks_ = 0;
  votes_.clear();
  if (hard_.recovering) { // whoever has more would not have granted
    hard_.recovering = false;
    store_hard_state();
  }
  rebuild_progress();
  append_noop();
}

} // namespace callboard::raft
