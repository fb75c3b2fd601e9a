// PartitionActor: the other replicas of its group.
#include <algorithm>
#include <utility>

#include "actors/partition/partition_actor.h"
#include "actors/peer/messages.h"
#include "actors/runtime/log.h"
#include "cluster/membership/group_duties.h"

namespace callboard {
namespace {

// An election timeout is 10 to 20 of these, a heartbeat 2 (raft::Config).
constexpr auto tick_interval = std::chrono::milliseconds(50);

} // namespace

void PartitionActor::on_raft(RaftFromPeer& message) {
  for (const auto& received : message.messages)
    if (std::holds_alternative<raft::Stopped>(received.body)) doubts_.said_stopped(received.from, told_of_group());
  if (phase_ == Phase::stopped) return;
  if (!replica_) {
    touch(); // Raft repeats what is lost
    return;
  }
  for (auto& received : message.messages) replica_->step(std::move(received));
  route_effects();
  // No tick will: who was silent until its answer to resting is in sync again.
  if (replica_ && replica_->resting()) announce_leader();
}

void PartitionActor::on_peer(const PeerLiveness& message) {
  if (!replica_) return;
  if (message.up)
    replica_->peer_up(message.node);
  else
    replica_->peer_down(message.node);
  route_effects();
  announce_leader();
}

bool PartitionActor::needs_ticks() const {
  return replica_ && replica_->needs_ticks();
}

void PartitionActor::arm_tick() {
  if (tick_armed_ || !needs_ticks()) return;
  tick_armed_ = true;
  delayed_send(this, tick_interval, TickPartition{});
}

void PartitionActor::on_tick() {
  tick_armed_ = false;
  if (!needs_ticks()) return;
  replica_->tick();
  route_effects();
  if (!replica_->leading()) return;
  announce_leader();
  advance_membership();
}

// A group that goes on asks before it gives back what it has: so it keeps its turn. Internal
// partitions do not wait: a node is of little use without them, and their logs are short.
void PartitionActor::ask_for_reads(const std::vector<raft::ReadRequest>& reads) {
  for (const auto& read : reads) {
    if (wiring_.applier) {
      send(wiring_.reader, ReadForFollower{caf::actor(this), view_, read});
      continue;
    }
    follower_reads_.want(read);
    send(wiring_.catch_up, AskCatchUp{wiring_.group, read.to, read.bytes_max});
  }
  if (follower_reads_.holds()) release_reads(follower_reads_.settle(replica_->raft()));
}

void PartitionActor::release_reads(const std::vector<partition::FollowerReads::Release>& over) {
  for (const auto& release : over) send(wiring_.catch_up, ReleaseCatchUp{release.to, release.id});
}

void PartitionActor::on_catch_up_granted(const CatchUpGranted& message) {
  const auto request = follower_reads_.take(message.to);
  if (request && !stopped_ && partition::FollowerReads::is_needed(replica_->raft(), *request)) {
    follower_reads_.start(message.id, *request);
    send(wiring_.reader, ReadForFollower{caf::actor(this), view_, *request});
    return;
  }
  if (request && !stopped_) {
    replica_->entries_read(request->to, request->from, {}); // it asks again if it has to
    route_effects();
  }
  send(wiring_.catch_up, ReleaseCatchUp{message.to, message.id});
}

void PartitionActor::on_read(ReadDone& message) {
  if (!replica_) return;
  std::size_t bytes = 0;
  for (const auto& entry : message.entries) bytes += entry.payload.size();
  if (const auto id = follower_reads_.finish(message.request, message.entries))
    send(wiring_.catch_up, CatchUpMeasured{message.request.to, *id, bytes});
  else if (wiring_.applier)
    send(wiring_.catch_up, CatchUpSpent{bytes});
  replica_->entries_read(message.request.to, message.request.from, std::move(message.entries));
  route_effects();
}

void PartitionActor::send_to_peers(std::vector<raft::Message>& messages) {
  if (messages.empty() || wiring_.loop == nullptr) return;
  const auto& links = wiring_.loop->links;
  // Nearly always they are all for the same two or three nodes.
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const auto to = messages[i].to;
    if (to == no_node) continue; // went with an earlier one
    SendToPeer batch;
    for (std::size_t j = i; j < messages.size(); ++j) {
      if (messages[j].to != to) continue;
      batch.messages.push_back(std::move(messages[j]));
      messages[j].to = no_node;
    }
    const auto link = links.find(to);
    if (link != links.end()) send(link->second, std::move(batch));
  }
}

void PartitionActor::release_promised() {
  if (promised_.empty()) return;
  auto messages = promised_.take();
  send_to_peers(messages);
}

void PartitionActor::place(const PlacePartition& message) {
  wiring_.placement = message.placement;
  wiring_.placed = true;
  placed_during_ = message.during;
  advance_membership();
  leave_if_out();
}

void PartitionActor::advance_membership() {
  if (!replica_ || !wiring_.placed || (placed_during_ && *placed_during_ != replica_->term())) return;
  auto due = membership::membership_due(*replica_, wiring_.placement);
  if (!due) return;
  const auto changed = replica_->change_membership(std::move(*due));
  if (!changed) log::debug("{}: its membership stays for now: {}", actor_name(), changed.error().message);
  route_effects();
}

void PartitionActor::yield_leadership(const YieldLeadership& message) {
  if (!replica_ || !replica_->leading()) return;
  const auto to = message.to == no_node ? membership::successor(*replica_) : message.to;
  if (to == no_node || to == wiring_.self) return;
  const auto yielded = replica_->transfer_leadership(to);
  if (!yielded) log::debug("{}: leadership stays: {}", actor_name(), yielded.error().message);
  route_effects();
}

// The controller wants no replica here, and the group has taken this one out: its copy is
// of no use to anybody.
void PartitionActor::leave_if_out() {
  if (phase_ == Phase::stopped || !replica_ || !wiring_.placed || wiring_.group == metadata_group) return;
  if (membership::names(wiring_.placement, wiring_.self) || !membership::has_left(*replica_, excluded_)) return;
  log::info("{}: its replica has moved to other nodes", actor_name());
  left_ = true;
  remove({ErrorCode::not_leader_or_follower, "The partition has moved to other nodes."});
}

void PartitionActor::announce_leader() {
  const auto news = teller_.tell(replica_.get());
  if (!news) return;
  for (const auto& agent : wiring_.agents) send(agent, *news);
  for (const auto& other : wiring_.announce_to) send(other, *news);
}

} // namespace callboard
