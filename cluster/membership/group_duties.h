#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "cluster/partition/partition_replica.h"
#include "schema/membership.h"
#include "schema/metadata_record.h"
#include "schema/peer_message.h"

// What a replica does for its group beside replicating: says who leads it, brings its
// membership to where the controller wants it, hands over. Pure; who drives the replica asks
// after its inputs.
namespace callboard::membership {

bool names(const Placement& placement, NodeId node);

// What a group starts from on a node that has stored nothing of it: the members that it was
// made with, or none, until its leader brings the node in.
Membership founding_membership(const Placement& placement);

// What a replica starts from that finds `stored`, and a log that ends at `last`: what it stored, or the members
// that the group was made with if it has heard of no leader yet. Whoever has was brought in by one: the node may
// have had a replica of the group before, and what that said may still be on its way. So this one begins
// `new_life`, which none before it had, and recovers like one that lost its log.
HardState hard_state_at_start(HardState stored, RaftIndex last, const Placement& placement, std::uint32_t new_life);

// Whether a replica that has just been opened is to stand for election at once: it is the only voter,
// or the one who is preferred.
bool stands_at_once(const partition::PartitionReplica& replica, const Placement& placement);

// For PartitionReplica::change_membership(); none: there is nothing to do now, or it does not lead.
std::optional<Membership> membership_due(const partition::PartitionReplica& replica, const Placement& wanted);

// To whom a leader hands over if nobody in particular is meant: the voter that is not known to be
// away or recovering and has most. no_node: there is none.
NodeId successor(const partition::PartitionReplica& replica);

// Whether `announcement`, of the group's leader, says that `node` is no member.
bool excludes(const LeaderAnnouncement& announcement, NodeId node);

// membership_plan.h's has_left() of a replica.
bool has_left(const partition::PartitionReplica& replica, std::optional<RaftIndex> excluded_as_of);

// Which other replicas of a group said that they stopped: they are not counted on before a leader has said something
// newer about its group, for until then they are in sync only by what was said before.
class Doubts {
public:
  void said_stopped(NodeId node, const LeaderAnnouncement& known) { as_of_[node] = {known.term, known.revision}; }
  bool about(NodeId node, const LeaderAnnouncement& known) const {
    const auto found = as_of_.find(node);
    return found != as_of_.end() && std::pair(known.term, known.revision) <= found->second;
  }

private:
  std::map<NodeId, std::pair<Term, std::uint32_t>> as_of_;
};

// Whether a majority of the group's voters, `self` not among them, is up and has all that is committed: it can do
// without a replica that is damaged and not in need yet. Of two voters the other has all, for that takes both.
bool others_have_all(const LeaderAnnouncement& known, NodeId self, const std::function<bool(NodeId)>& is_up);
// Whether it does without it, under a leader. Until then a damaged log stays as it is, since it may be all that is
// left; but the other one of two cannot lead before this one votes again.
bool others_serve(const LeaderAnnouncement& known, NodeId self, const std::function<bool(NodeId)>& is_up);

// What one replica tells about its group's leader. A leader numbers what it tells within its term, and says
// when it gave up; a follower says whom it follows.
class LeaderTeller {
public:
  LeaderTeller(GroupId group, NodeId self) : self_(self) { told_.group = group; }

  // What is to be told now; nullopt: it is what was told last. Without a replica (it could not be opened),
  // or once that has stopped, it leads no more.
  std::optional<LeaderAnnouncement> tell(const partition::PartitionReplica* replica);
  const LeaderAnnouncement& told() const { return told_; }

private:
  LeaderAnnouncement now(const partition::PartitionReplica* replica) const;

  NodeId self_;
  LeaderAnnouncement told_;
};

} // namespace callboard::membership
