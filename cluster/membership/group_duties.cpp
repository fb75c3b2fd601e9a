#include "cluster/membership/group_duties.h"

#include <algorithm>
#include <utility>

#include "cluster/membership/membership_plan.h"

namespace callboard::membership {
namespace {

bool has(const std::vector<NodeId>& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

} // namespace

bool names(const Placement& placement, NodeId node) {
  return has(placement.voters, node) || has(placement.learners, node);
}

Membership founding_membership(const Placement& placement) {
  Membership founding;
  if (!placement.original) return founding;
  founding.voters = placement.voters;
  founding.learners = placement.learners;
  std::sort(founding.voters.begin(), founding.voters.end());
  std::sort(founding.learners.begin(), founding.learners.end());
  return founding;
}

HardState hard_state_at_start(HardState stored, RaftIndex last, const Placement& placement, std::uint32_t new_life) {
  if (!stored.membership.voters.empty() || stored.brought_in) return stored;
  // One that was damaged before it stored anything still knows who it was made with.
  const bool untouched = stored.term == Term{} && last == RaftIndex{};
  if (untouched || stored.life > 0) stored.membership = founding_membership(placement);
  if (!stored.membership.voters.empty()) return stored;
  stored.life = std::max(stored.life, new_life);
  stored.recovering = stored.brought_in = true;
  return stored;
}

bool stands_at_once(const partition::PartitionReplica& replica, const Placement& placement) {
  const auto self = replica.raft().self();
  const auto& voters = replica.membership().voters;
  const bool alone = voters.size() == 1 && voters.front() == self;
  return alone || (!placement.voters.empty() && placement.voters.front() == self);
}

std::optional<Membership> membership_due(const partition::PartitionReplica& replica, const Placement& wanted) {
  if (!replica.settled()) return std::nullopt;
  const auto& raft = replica.raft();
  if (raft.membership() != raft.committed_membership() || raft.membership().joint()) return std::nullopt;
  // Who was there when the group was made knows its members from the placement. Once that is another, a
  // replica that holds nothing yet has to read them in the log.
  if (!wanted.original && raft.committed_membership_index().value == 0) return raft.membership();
  return next_membership(raft.membership(), wanted, [&](NodeId node) { return raft.has_caught_up(node); });
}

NodeId successor(const partition::PartitionReplica& replica) {
  auto to = no_node;
  RaftIndex most;
  for (const auto& peer : replica.raft().progress()) {
    if (!replica.membership().is_voter(peer.node()) || !peer.present() || !peer.counts() || peer.match() < most)
      continue;
    most = peer.match();
    to = peer.node();
  }
  return to;
}

bool excludes(const LeaderAnnouncement& announcement, NodeId node) {
  return !announcement.voters.empty() && !has(announcement.voters, node) && !has(announcement.learners, node);
}

bool has_left(const partition::PartitionReplica& replica, std::optional<RaftIndex> excluded_as_of) {
  const auto& raft = replica.raft();
  return has_left(OwnPart{raft.self(), raft.membership(), raft.membership_index(),
                          raft.membership_index() == raft.committed_membership_index() && !raft.brought_in(),
                          replica.leading()},
                  excluded_as_of);
}

bool others_have_all(const LeaderAnnouncement& known, NodeId self, const std::function<bool(NodeId)>& is_up) {
  const auto has_all = [&](NodeId node) { return node != self && has(known.in_sync, node) && is_up(node); };
  const auto others = static_cast<std::size_t>(std::count_if(known.voters.begin(), known.voters.end(), has_all));
  return known.voters.size() == 2 ? others == 1 : others > known.voters.size() / 2;
}

bool others_serve(const LeaderAnnouncement& known, NodeId self, const std::function<bool(NodeId)>& is_up) {
  const bool led = known.leader != self && has(known.in_sync, known.leader) && is_up(known.leader);
  return (led || known.voters.size() == 2) && others_have_all(known, self, is_up);
}

LeaderAnnouncement LeaderTeller::now(const partition::PartitionReplica* replica) const {
  LeaderAnnouncement out;
  out.group = told_.group;
  if (replica == nullptr) return out;
  out.term = replica->term();
  out.leader = replica->leader();
  if (!replica->leading()) {
    if (replica->stopped() && out.leader == self_) out.leader = no_node;
    return out;
  }
  out.leader = self_;
  const auto& membership = replica->raft().committed_membership();
  const auto& progress = replica->raft().progress();
  // Until a change of voters is over those that leave are needed: nobody may take it for done.
  out.voters = membership.voters;
  for (const auto leaving : membership.outgoing)
    if (!has(membership.voters, leaving)) out.voters.push_back(leaving);
  std::sort(out.voters.begin(), out.voters.end());
  out.learners = membership.learners;
  // After a start the membership may be known to be committed when the entries before it are not yet.
  out.as_of = std::max(replica->raft().commit_index(), replica->raft().committed_membership_index());
  for (const auto voter : out.voters) {
    const bool present =
        voter == self_ || std::any_of(progress.begin(), progress.end(), [&](const auto& peer) {
          return peer.node() == voter && peer.present() && peer.counts() && !peer.behind && peer.match().value > 0;
        });
    if (present) out.in_sync.push_back(voter);
  }
  return out;
}

std::optional<LeaderAnnouncement> LeaderTeller::tell(const partition::PartitionReplica* replica) {
  auto now = this->now(replica);
  // Who only misses a leader says nothing: it may be of a term that no leader will ever have,
  // and out of its group.
  if (now.leader == no_node && told_.leader != self_) return std::nullopt;
  const bool led = told_.leader == self_ && told_.term == now.term;
  now.revision = told_.revision;
  const auto as_of = std::exchange(now.as_of, told_.as_of);
  if (now == told_) return std::nullopt;
  now.as_of = as_of;
  const bool leads = now.leader == self_;
  now.revision = leads || led ? (told_.term == now.term ? told_.revision + 1 : 1) : 0;
  told_ = now;
  return now;
}

} // namespace callboard::membership
