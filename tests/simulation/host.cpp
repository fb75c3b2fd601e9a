#include "tests/simulation/host.h"

#include <algorithm>
#include <utility>

namespace callboard::simulation {
namespace {

constexpr std::uint32_t waiter_ticks = 30;
constexpr TimestampMs wall_origin = 1'700'000'000'000;

} // namespace

Host::Host(HostSurroundings around, std::uint64_t number, NodeId id)
  : world_(around), random_(around.scenario.seed, "node", number), id_(id),
    disk_(around.timeline, around.scenario, around.findings, NodeId(static_cast<NodeId::rep>(number))) {
  clock_rate_ = 1 + (random_.fraction() * 2 - 1) * around.scenario.rate(Fault::drift);
  if (clock_rate_ != 1) around.findings.struck(Fault::drift);
  disk_.attach(*this);
}

partition::PartitionReplica* Host::find(GroupId group) {
  const auto found = replicas_.find(group);
  return found == replicas_.end() ? nullptr : found->second.get();
}

void Host::begin_life() {
  up_ = true;
  ++life_;
  ticks_ = 0;
  cache_budget_ = std::make_shared<partition::CacheBudget>(world_.scenario.cache_bytes);
  plan_tick();
}

void Host::end_life() {
  up_ = false;
  ++life_;
  trace(world_.scenario.traced, [] { return "crashes"; });
  paused_until_ = 0;
  disk_.crash();
  replicas_.clear();
  states_.clear();
  waiters_.clear();
}

partition::PartitionReplica* Host::open(GroupId group, StoredGroup& stored) {
  if (stored.rotten) {
    unopened(group, stored.hard);
    return nullptr;
  }
  partition::PartitionReplica::Start start;
  start.self = id_;
  start.hard = stored.hard;
  start.log = stored.log.recover();
  start.options = world_.options.at(group);
  start.cache_budget = cache_budget_;
  start.deliver_applied = true;
  start.group = group;
  start.raft = world_.scenario.raft;
  start.seed = random_.next();
  const bool has_state = keeps(group);
  start.keeps_state = has_state && world_.scenario.sabotage != Sabotage::snapshot_without_state;
  prepare(group, start);
  world_.histories.at(group).restarted(id_, start.log);
  trace(group, [&] {
    return "opens entries " + std::to_string(stored.log.first_index().value) + " to " +
           std::to_string(stored.log.last_index().value);
  });
  auto& replica = replicas_[group] = std::make_unique<partition::PartitionReplica>(std::move(start));
  if (replica->stopped()) {
    world_.findings.fail("recovery", "group " + std::to_string(group.value) + " on node " + std::to_string(id_.value) +
                                         ": " + replica->stop_reason()->message);
  }
  if (has_state) open_state(group, stored, replica->raft().commit_index());
  route(group, *replica);
  return replica.get();
}

void Host::pause(Time duration) {
  world_.findings.struck(Fault::pause);
  paused_until_ = std::max(paused_until_, world_.timeline.now() + duration);
  disk_.pause_until(paused_until_);
}

void Host::close(GroupId group) {
  replicas_.erase(group);
  states_.erase(group);
  std::erase_if(waiters_, [&](const auto& waiter) { return waiter.second.group == group; });
}

void Host::leave(GroupId group) {
  close(group);
  disk_.remove(group);
}

void Host::set_aside(GroupId group) {
  close(group);
  disk_.set_aside(group);
  world_.findings.healed();
  trace(group, [] { return "begins anew"; });
}

void Host::when_awake(Timeline::Action action) {
  const auto now = world_.timeline.now();
  if (paused_until_ <= now) {
    action();
    return;
  }
  world_.timeline.after(paused_until_ - now, [this, life = life_, action = std::move(action)] {
    if (life == life_) when_awake(action);
  });
}

void Host::later(Time delay, Timeline::Action action) {
  world_.timeline.after(delay, [this, life = life_, action = std::move(action)] {
    if (life == life_) when_awake(action);
  });
}

void Host::plan_tick() {
  const auto length = static_cast<Time>(static_cast<double>(tick_length) * clock_rate_);
  world_.timeline.after(std::max<Time>(length, 1), [this, life = life_] {
    if (life != life_) return;
    when_awake([this] {
      tick();
      plan_tick();
    });
  });
}

void Host::tick() {
  ++ticks_;
  tick_node();
  expire_waiters();
  flush_states();
  for (auto& [group, replica] : replicas_) {
    if (!replica->needs_ticks()) continue;
    replica->tick();
    route(group, *replica);
    ticked(group, *replica);
  }
}

// All wait equally long, so the oldest are first.
void Host::expire_waiters() {
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

void Host::input(GroupId group, const Input& give) {
  auto* replica = up_ ? find(group) : nullptr;
  if (replica == nullptr) return;
  give(*replica);
  route(group, *replica);
}

void Host::receive(raft::Message message) {
  if (!up_) return;
  when_awake([this, message = std::move(message)] {
    trace(message.group, [&] { return describe(message); });
    input(message.group, [&](auto& replica) { replica.step(message); });
  });
}

void Host::hard_state_stored(GroupId group, std::uint64_t sequence) {
  input(group, [&](auto& replica) { replica.hard_state_stored(sequence); });
}

void Host::written(GroupId group, std::uint64_t sequence) {
  input(group, [&](auto& replica) { replica.written(sequence); });
}

void Host::write_failed(GroupId group, std::uint64_t generation, const Error& error) {
  if (error.code == ErrorCode::invalid_argument) world_.findings.fail("log continuity", error.message);
  input(group, [&](auto& replica) { replica.write_failed(generation, error); });
}

void Host::unusable(GroupId group, const Error& error) {
  stop_replica(group, error);
}

void Host::stop_replica(GroupId group, const Error& error) {
  input(group, [&](auto& replica) { replica.stop(error); });
}

TimestampMs Host::wall_now() const {
  return wall_origin + wall_offset_ + static_cast<TimestampMs>(world_.timeline.now() / tick_length) * 10;
}

void Host::produce(GroupId group, partition::ProduceCommand command, Produced answer) {
  if (!up_) return;
  when_awake([this, group, command = std::move(command), answer = std::move(answer)]() mutable {
    command.waiter = ++last_waiter_;
    if (find(group) == nullptr) return;
    waiters_[command.waiter] = {group, ticks_ + waiter_ticks, BatchName::of(command.header), command.acks, answer, {}};
    input(group, [&](auto& replica) { replica.produce(std::move(command), wall_now()); });
  });
}

void Host::fetch(GroupId group, partition::FetchCommand command, Fetched answer) {
  if (!up_) return;
  when_awake([this, group, command, answer = std::move(answer)]() mutable {
    command.waiter = ++last_waiter_;
    if (find(group) == nullptr) return;
    waiters_[command.waiter] = {group, ticks_ + waiter_ticks, {}, 0, {}, answer};
    input(group, [&](auto& replica) { replica.fetch(command); });
  });
}

} // namespace callboard::simulation
