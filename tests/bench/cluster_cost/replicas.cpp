#include "tests/bench/cluster_cost/replicas.h"

#include <algorithm>
#include <utility>

#include "schema/assert.h"

namespace callboard::bench {
namespace {

// As actors/peer/peer_link_actor.h has them.
constexpr std::size_t queue_bytes = std::size_t{64} << 20;
constexpr std::size_t control_bytes = std::size_t{4} << 20;
constexpr std::size_t cache_bytes = std::size_t{8} << 20;
constexpr std::uint32_t only_life = 1; // no replica is started a second time

} // namespace

Replicas::Replicas(NodeId self) : self_(self), cache_budget_(std::make_shared<partition::CacheBudget>(cache_bytes)) {}

Replicas::Replica* Replicas::find(GroupId group) {
  const auto found = replicas_.find(group);
  return found == replicas_.end() ? nullptr : found->second.get();
}

void Replicas::start(GroupId group, const Placement& placement) {
  partition::PartitionReplica::Start start;
  start.self = self_;
  start.hard = membership::hard_state_at_start({}, {}, placement, only_life);
  start.cache_budget = cache_budget_;
  start.deliver_applied = group == metadata_group;
  start.group = group;
  start.seed = static_cast<std::uint64_t>(self_.value) ^ (group.value * 0x9E3779B97F4A7C15ULL);
  auto& replica = *replicas_.emplace(group, std::make_unique<Replica>(std::move(start), placement)).first->second;
  for (const auto node : down_) replica.replica.peer_down(node);
  if (membership::stands_at_once(replica.replica, placement)) replica.replica.campaign();
  route(replica);
}

void Replicas::place(GroupId group, const Placement& placement) {
  auto& replica = *find(group);
  replica.placement = placement;
  advance(replica);
}

void Replicas::configure(GroupId group, const partition::ReplicaOptions& options) {
  find(group)->replica.set_options(options);
}

// Every one hears of it, as from the agent of its loop.
void Replicas::peer_changed(NodeId node, bool up) {
  if (up)
    down_.erase(node);
  else
    down_.insert(node);
  for (auto& [group, replica] : replicas_) {
    if (up)
      replica->replica.peer_up(node);
    else
      replica->replica.peer_down(node);
    route(*replica);
    announce(*replica);
  }
}

void Replicas::step(std::vector<raft::Message> messages) {
  for (auto& message : messages) {
    auto* replica = find(message.group);
    if (replica == nullptr) continue;
    replica->replica.step(std::move(message));
    route(*replica);
    if (replica->replica.resting()) announce(*replica);
  }
}

void Replicas::tick() {
  for (auto* replica : std::exchange(ticking_, {})) {
    replica->ticking = false;
    if (!replica->replica.needs_ticks()) continue;
    replica->replica.tick();
    route(*replica);
    if (!replica->replica.leading()) continue;
    announce(*replica);
    advance(*replica);
  }
}

void Replicas::produce(partition::ProduceCommand command, TimestampMs now) {
  auto& replica = *find(metadata_group);
  replica.replica.produce(std::move(command), now);
  route(replica);
}

void Replicas::route(Replica& replica) {
  auto effects = replica.replica.take_effects();
  transmit(effects.messages);
  const auto term = replica.replica.term();
  const bool settles = replica.replica.settled() && std::exchange(replica.settled_in, term) != term;
  const bool advances = settles || effects.membership_changed;
  if (replica.group == metadata_group) {
    route_metadata(effects);
    if (settles) news_.settled = term;
  }
  if (replica.replica.needs_ticks() && !std::exchange(replica.ticking, true)) ticking_.push_back(&replica);
  if (effects.leader_changed || effects.membership_changed || settles) announce(replica);
  const auto reads = std::move(effects.reads);
  if (effects.hard_state || !effects.write.empty()) staged_.push_back({&replica, std::move(effects)});
  for (const auto& read : reads) {
    replica.replica.entries_read(read.to, read.from, replica.log.read_entries(read.from, read.last, read.bytes_max));
    route(replica);
  }
  if (advances) advance(replica);
}

void Replicas::route_metadata(partition::Effects& effects) {
  std::move(effects.applied.begin(), effects.applied.end(), std::back_inserter(news_.applied));
  std::move(effects.produced.begin(), effects.produced.end(), std::back_inserter(news_.produced));
}

void Replicas::transmit(std::vector<raft::Message>& messages) {
  for (auto& message : messages) {
    auto& queue = outgoing_.try_emplace(message.to, queue_bytes, control_bytes).first->second;
    CB_ASSERT(queue.push(std::move(message)));
  }
}

bool Replicas::store() {
  if (staged_.empty()) return false;
  for (auto& [replica, effects] : std::exchange(staged_, {})) {
    transmit(effects.after_hard_state);
    if (effects.hard_state) replica->replica.hard_state_stored(effects.sequence);
    if (!effects.write.empty()) {
      CB_ASSERT(replica->log.write(effects.write).ok());
      transmit(effects.after_write);
      replica->replica.written(effects.sequence);
    }
    route(*replica);
  }
  return true;
}

void Replicas::announce(Replica& replica) {
  if (auto news = replica.teller.tell(&replica.replica)) news_.leaders.push_back(std::move(*news));
}

void Replicas::hand_over(GroupId group, NodeId to) {
  auto& replica = *find(group);
  static_cast<void>(replica.replica.transfer_leadership(to));
  route(replica);
}

void Replicas::advance(Replica& replica) {
  auto due = membership::membership_due(replica.replica, replica.placement);
  if (!due) return;
  static_cast<void>(replica.replica.change_membership(std::move(*due)));
  route(replica);
}

std::size_t Replicas::led() const {
  return static_cast<std::size_t>(std::count_if(replicas_.begin(), replicas_.end(), [](const auto& replica) {
    return replica.first != metadata_group && replica.second->replica.settled();
  }));
}

} // namespace callboard::bench
