#include "tests/simulation/node.h"

#include <algorithm>
#include <utility>

namespace callboard::simulation {
namespace {

constexpr std::uint32_t heartbeat_ticks = 2;
constexpr std::uint32_t down_ticks = 8;
constexpr std::uint32_t waiter_ticks = 30;
constexpr TimestampMs wall_origin = 1'700'000'000'000;

} // namespace

Node::Node(Surroundings& around, NodeId id, std::vector<NodeId> peers)
  : around_(around), id_(id), disk_(around.timeline, around.scenario, around.findings, id),
    random_(around.scenario.seed, "node", static_cast<std::uint64_t>(id.value)) {
  clock_rate_ = 1 + (random_.fraction() * 2 - 1) * around.scenario.rate(Fault::drift);
  if (clock_rate_ != 1) around.findings.struck(Fault::drift);
  for (const auto peer : peers) peers_[peer];
  disk_.attach(*this);
}

partition::PartitionReplica* Node::find(GroupId group) {
  const auto found = replicas_.find(group);
  return found == replicas_.end() ? nullptr : found->second.get();
}

void Node::start() {
  up_ = true;
  ++life_;
  ticks_ = 0;
  for (auto& [id, peer] : peers_) peer = {};
  cache_budget_ = std::make_shared<partition::CacheBudget>(around_.scenario.cache_bytes);
  for (auto& [group, stored] : disk_.groups()) open(group, stored);
  plan_tick();
}

void Node::open(GroupId group, StoredGroup& stored) {
  if (stored.rotten) {
    announce_unopened(group, stored.hard);
    return;
  }
  partition::PartitionReplica::Start start;
  start.self = id_;
  start.hard = stored.hard;
  start.log = stored.log.recover();
  start.options = around_.options.at(group);
  start.cache_budget = cache_budget_;
  start.deliver_applied = true;
  start.group = group;
  start.raft = around_.scenario.raft;
  start.seed = random_.next();
  const bool has_state = keeps_state(around_.scenario, group);
  start.keeps_state = has_state && around_.scenario.sabotage != Sabotage::snapshot_without_state;
  around_.histories.at(group).restarted(id_, start.log);
  trace(group, [&] {
    return "opens entries " + std::to_string(stored.log.first_index().value) + " to " +
           std::to_string(stored.log.last_index().value);
  });
  auto& replica = replicas_[group] = std::make_unique<partition::PartitionReplica>(std::move(start));
  if (replica->stopped()) {
    around_.findings.fail("recovery", "group " + std::to_string(group.value) + " on node " + std::to_string(id_.value) +
                                          ": " + replica->stop_reason()->message);
  }
  if (has_state) open_state(group, stored, replica->raft().commit_index());
  route(group, *replica);
}

// A log that cannot be opened has no replica that could say so.
void Node::announce_unopened(GroupId group, const HardState& hard) {
  for (const auto member : hard.membership.members()) {
    if (member != id_) send({group, id_, member, hard.term, raft::Stopped{}});
  }
}

void Node::crash() {
  up_ = false;
  ++life_;
  trace(around_.scenario.traced, [] { return "crashes"; });
  paused_until_ = 0;
  disk_.crash();
  replicas_.clear();
  states_.clear();
  stopped_.clear();
  waiters_.clear();
}

void Node::pause(Time duration) {
  around_.findings.struck(Fault::pause);
  paused_until_ = std::max(paused_until_, around_.timeline.now() + duration);
  disk_.pause_until(paused_until_);
}

void Node::jump_clock(std::uint32_t ticks, TimestampMs wall_ms) {
  around_.findings.struck(Fault::clock_jump);
  wall_offset_ += wall_ms;
  for (std::uint32_t i = 0; i < ticks && up_; ++i) tick();
}

void Node::host(GroupId group, HardState hard) {
  auto& stored = disk_.create(group, std::move(hard));
  if (up_) open(group, stored);
}

void Node::leave(GroupId group) {
  replicas_.erase(group);
  states_.erase(group);
  stopped_.erase(group);
  std::erase_if(waiters_, [&](const auto& waiter) { return waiter.second.group == group; });
  disk_.remove(group);
}

void Node::when_awake(Timeline::Action action) {
  const auto now = around_.timeline.now();
  if (paused_until_ <= now) {
    action();
    return;
  }
  around_.timeline.after(paused_until_ - now, [this, life = life_, action = std::move(action)] {
    if (life == life_) when_awake(action);
  });
}

void Node::plan_tick() {
  const auto length = static_cast<Time>(static_cast<double>(tick_length) * clock_rate_);
  around_.timeline.after(std::max<Time>(length, 1), [this, life = life_] {
    if (life != life_) return;
    when_awake([this] {
      tick();
      plan_tick();
    });
  });
}

void Node::tick() {
  ++ticks_;
  if (ticks_ % heartbeat_ticks == 0) send_heartbeats();
  detect_failures();
  expire_waiters();
  flush_states();
  for (auto& [group, replica] : replicas_) {
    if (replica->resting()) continue;
    replica->tick();
    route(group, *replica);
  }
}

void Node::send_heartbeats() {
  for (const auto& [to, peer] : peers_) {
    Heartbeat heartbeat{id_, life_, {}};
    for (const auto& [group, messages] : stopped_) {
      std::copy_if(messages.begin(), messages.end(), std::back_inserter(heartbeat.stopped),
                   [&, receiver = to](const raft::Message& message) { return message.to == receiver; });
    }
    around_.network.send(id_, to, [&nodes = around_.nodes, receiver = to, heartbeat = std::move(heartbeat)] {
      nodes.at(receiver)->receive(heartbeat);
    });
  }
}

void Node::receive(const Heartbeat& heartbeat) {
  if (!up_) return;
  when_awake([this, heartbeat] {
    auto& peer = peers_.at(heartbeat.from);
    const bool another_life = peer.life != 0 && peer.life != heartbeat.life;
    const bool was_down = std::exchange(peer.down, false);
    peer.life = heartbeat.life;
    peer.heard = ticks_;
    if (was_down || another_life) {
      for (auto& [group, replica] : replicas_) {
        if (!was_down) replica->peer_down(heartbeat.from);
        replica->peer_up(heartbeat.from);
        route(group, *replica);
      }
    }
    for (const auto& message : heartbeat.stopped) receive(message);
  });
}

void Node::detect_failures() {
  for (auto& [id, peer] : peers_) {
    if (peer.down || ticks_ - peer.heard < down_ticks) continue;
    peer.down = true;
    trace(around_.scenario.traced, [down = id.value] { return "takes for down: " + std::to_string(down); });
    for (auto& [group, replica] : replicas_) {
      replica->peer_down(id);
      route(group, *replica);
    }
  }
}

// All wait equally long, so the oldest are first.
void Node::expire_waiters() {
  while (!waiters_.empty() && waiters_.begin()->second.deadline <= ticks_) {
    const auto id = waiters_.begin()->first;
    const auto group = waiters_.begin()->second.group;
    auto* replica = find(group);
    if (replica != nullptr) {
      replica->expire_produce(id);
      replica->cancel_fetch(id);
      route(group, *replica);
    }
    waiters_.erase(id);
  }
}

void Node::input(GroupId group, const Input& give) {
  auto* replica = up_ ? find(group) : nullptr;
  if (replica == nullptr) return;
  give(*replica);
  route(group, *replica);
}

void Node::receive(raft::Message message) {
  if (!up_) return;
  when_awake([this, message = std::move(message)] {
    trace(message.group, [&] { return describe(message); });
    input(message.group, [&](auto& replica) { replica.step(message); });
  });
}

void Node::hard_state_stored(GroupId group, std::uint64_t sequence) {
  input(group, [&](auto& replica) { replica.hard_state_stored(sequence); });
}

void Node::written(GroupId group, std::uint64_t sequence) {
  input(group, [&](auto& replica) { replica.written(sequence); });
}

void Node::write_failed(GroupId group, std::uint64_t generation, const Error& error) {
  if (error.code == ErrorCode::invalid_argument) around_.findings.fail("log continuity", error.message);
  input(group, [&](auto& replica) { replica.write_failed(generation, error); });
}

void Node::unusable(GroupId group, const Error& error) {
  stop_replica(group, error);
}

void Node::stop_replica(GroupId group, const Error& error) {
  input(group, [&](auto& replica) { replica.stop(error); });
}

void Node::produce(GroupId group, partition::ProduceCommand command, Produced answer) {
  if (!up_) return;
  when_awake([this, group, command = std::move(command), answer = std::move(answer)]() mutable {
    command.waiter = ++last_waiter_;
    if (find(group) == nullptr) return;
    waiters_[command.waiter] = {group, ticks_ + waiter_ticks, BatchName::of(command.header), command.acks, answer, {}};
    const auto wall_now =
        wall_origin + wall_offset_ + static_cast<TimestampMs>(around_.timeline.now() / tick_length) * 10;
    input(group, [&](auto& replica) { replica.produce(std::move(command), wall_now); });
  });
}

void Node::fetch(GroupId group, partition::FetchCommand command, Fetched answer) {
  if (!up_) return;
  when_awake([this, group, command, answer = std::move(answer)]() mutable {
    command.waiter = ++last_waiter_;
    if (find(group) == nullptr) return;
    waiters_[command.waiter] = {group, ticks_ + waiter_ticks, {}, 0, {}, answer};
    input(group, [&](auto& replica) { replica.fetch(command); });
  });
}

Status Node::change_membership(GroupId group, Membership target) {
  auto status = ok_status();
  input(group, [&](auto& replica) { status = replica.change_membership(std::move(target)); });
  return status;
}

void Node::transfer_leadership(GroupId group, NodeId to) {
  input(group, [&](auto& replica) { static_cast<void>(replica.transfer_leadership(to)); });
}

void Node::move_log_start(GroupId group, Offset offset) {
  input(group, [&](auto& replica) {
    if (!replica.state_in_demand()) static_cast<void>(replica.move_log_start(offset));
  });
}

} // namespace callboard::simulation
