// Host: where the effects of its replicas go.
#include <algorithm>
#include <utility>

#include "tests/simulation/host.h"

namespace callboard::simulation {
namespace {

constexpr Time read_delay_max = 50;

} // namespace

void Host::route(GroupId group, partition::PartitionReplica& replica) {
  auto effects = replica.take_effects();
  const bool differs = replica.stopped() && replica.stop_reason()->code == ErrorCode::corrupt_storage;
  if (differs) disk_.groups().at(group).rotten = true;
  auto& history = world_.histories.at(group);
  history.observe(id_, replica, effects);
  trace_effects(group, replica, effects);
  store(group, effects);
  for (auto& message : effects.messages) transmit(std::move(message));
  apply(group, effects.applied);
  routed(group, replica, effects);
  for (const auto& outcome : effects.produced) answer(outcome, replica);
  for (auto& outcome : effects.fetched) answer(group, std::move(outcome));
  for (const auto& read : effects.reads) read_entries(group, read);
  for (const auto& read : effects.state_reads) read_state(group, read);
  if (effects.state_step) store_state(group, std::move(*effects.state_step));
  if (effects.log_start) set_log_start(group, *effects.log_start);
}

void Host::store(GroupId group, partition::Effects& effects) {
  if (world_.scenario.sabotage == Sabotage::acknowledged_before_the_write) {
    release(std::exchange(effects.after_write, {}));
  }
  if (!effects.hard_state && effects.write.empty()) {
    if (effects.after_hard_state.empty() && effects.after_write.empty()) return;
    world_.findings.fail("effects", "a promise was given that rests on nothing");
  }
  disk_.stage({group, effects.sequence, std::move(effects.hard_state), std::move(effects.after_hard_state),
               std::move(effects.write), effects.write_generation, std::move(effects.after_write)});
}

void Host::release(std::vector<raft::Message> messages) {
  for (auto& message : messages) transmit(std::move(message));
}

void Host::trace(GroupId group, const std::function<std::string()>& what) const {
  const Trace trace(world_.scenario.traced);
  if (trace.wants(group)) trace.print(world_.timeline.now(), id_, what());
}

void Host::trace_effects(GroupId group, const partition::PartitionReplica& replica, const partition::Effects& effects) {
  if (!Trace(world_.scenario.traced).wants(group)) return;
  if (effects.hard_state) trace(group, [&] { return "stores " + describe(*effects.hard_state); });
  if (!effects.write.empty()) trace(group, [&] { return describe(effects.write); });
  for (const auto& read : effects.reads) {
    trace(group,
          [&] { return "reads from " + std::to_string(read.from.value) + " for " + std::to_string(read.to.value); });
  }
  if (auto standing = describe(replica); standing != traced_) {
    traced_ = std::move(standing);
    trace(group, [&] { return traced_; });
  }
}

std::optional<Host::Waiter> Host::take_waiter(partition::WaiterId id) {
  const auto found = waiters_.find(id);
  if (found == waiters_.end()) return std::nullopt;
  auto waiter = std::move(found->second);
  waiters_.erase(found);
  return waiter;
}

void Host::answer(const partition::ProduceOutcome& outcome, partition::PartitionReplica& replica) {
  if (answer_own(outcome)) return;
  auto waiter = take_waiter(outcome.waiter);
  if (!waiter) return; // it gave up
  auto& history = world_.histories.at(waiter->group);
  if (outcome.error == ErrorCode::none && waiter->acks == -1) {
    const auto copies = world_.options.at(waiter->group).min_insync_replicas;
    history.acknowledged(replica, waiter->batch, outcome.base_offset, static_cast<std::size_t>(copies));
  }
  if (outcome.error == ErrorCode::duplicate_sequence_number) history.called_duplicate(waiter->batch);
  world_.network.send_to_client(id_, [answer = std::move(waiter->produced), outcome] { answer(outcome); });
}

void Host::answer(GroupId group, partition::FetchOutcome outcome) {
  if (outcome.cold) read_cold(group, outcome);
  auto waiter = take_waiter(outcome.waiter);
  if (!waiter) return; // cancelled
  auto& history = world_.histories.at(group);
  for (const auto& batch : outcome.batches) history.served(batch.view());
  world_.network.send_to_client(id_, [answer = std::move(waiter->fetched), outcome] { answer(outcome); });
}

void Host::read_cold(GroupId group, partition::FetchOutcome& outcome) {
  if (!readable(group)) {
    outcome.error = ErrorCode::kafka_storage_error;
    return;
  }
  const auto& cold = *outcome.cold;
  outcome.batches = disk_.find(group)->log.read_offsets(cold.from, cold.upper, cold.bytes_max);
}

void Host::read_entries(GroupId group, const raft::ReadRequest& read) {
  world_.timeline.after(random_.between(1, read_delay_max), [this, group, read, life = life_] {
    if (life != life_ || find(group) == nullptr) return;
    std::vector<LogEntry> entries;
    if (readable(group)) entries = disk_.find(group)->log.read_entries(read.from, read.last, read.bytes_max);
    input(group, [&](auto& replica) { replica.entries_read(read.to, read.from, std::move(entries)); });
  });
}

// Whoever reads a log finds what has rotted; its replica is out of service then.
bool Host::readable(GroupId group) {
  if (!disk_.find(group)->rotten) return true;
  world_.timeline.after(1, [this, group, life = life_] {
    if (life == life_) stop_replica(group, {ErrorCode::corrupt_storage, "The log is damaged."});
  });
  return false;
}

} // namespace callboard::simulation
