#include "tests/simulation/cluster/world.h"

#include <algorithm>
#include <utility>

#include "cluster/raft/sabotage.h"
#include "tests/simulation/cluster/metadata.h"

namespace callboard::simulation::cluster {
namespace {

constexpr std::uint32_t forming_ticks_max = 1500;
constexpr std::uint32_t recovery_ticks_max = 6000;
constexpr std::uint32_t look_ticks = 10; // between two looks whether all is well
constexpr std::uint64_t events_max = 10'000'000;

} // namespace

World::World(const Scenario& scenario)
  : plan_(scenario), network_(timeline_, plan_.base, findings_),
    cluster_(findings_, histories_), around_{
                                         {timeline_, network_, plan_.base, findings_, histories_, options_},
                                         plan_,
                                         cluster_,
                                         machines_,
                                         [this](GroupId group, const Placement& placement) { found(group, placement); },
                                         [this](GroupId group) { histories_.at(group).end(); }},
    for_clients_{network_, findings_, histories_, *this, plan_.base.seed}, random_(plan_.base.seed, "world of nodes"),
    chaos_(*this, plan_.base.seed), operator_(*this, plan_.base.seed) {
  membership::active_sabotage = plan_.sabotage;
  raft::active_sabotage = plan_.sabotage == Sabotage::voter_before_it_caught_up
                              ? raft::Sabotage::voter_before_it_caught_up
                              : raft::Sabotage::none;
  make_machines();
}

void World::make_machines() {
  const bool racks = random_.chance(0.5);
  for (std::uint64_t number = 1; number <= plan_.machines(); ++number) {
    MachineStart start;
    const bool founds = number <= plan_.founders;
    if (plan_.founders > 1 || !founds) {
      start.mode = founds ? membership::FormingMode::seeds : membership::FormingMode::join;
      for (std::uint64_t seed = 1; seed <= (founds ? plan_.founders : plan_.machines()); ++seed)
        start.seeds.push_back("10.0.0." + std::to_string(seed) + ":9092");
    }
    if (racks) start.rack = std::string(1, static_cast<char>('a' + random_.below(3)));
    machines_.emplace(number, std::make_unique<Machine>(around_, number, std::move(start)));
  }
}

// Hears of each group once: its history begins, and clients come.
void World::found(GroupId group, const Placement& placement) {
  if (histories_.contains(group)) return;
  auto& history =
      histories_
          .emplace(std::piecewise_construct, std::forward_as_tuple(group),
                   std::forward_as_tuple(group, findings_,
                                         [this, group](NodeId node) -> const StoredGroup* {
                                           auto* machine = machine_of(node);
                                           return machine == nullptr ? nullptr : machine->disk().find(group);
                                         }))
          .first->second;
  history.found(membership::founding_membership(placement));
  auto& options = options_[group];
  if (group == metadata_group) return;
  options.log_append_time = random_.chance(0.2);
  Producer::Habits habits;
  habits.idempotent = random_.chance(0.8);
  habits.in_flight_max = random_.between(1, 5);
  habits.value_bytes_max = static_cast<std::size_t>(random_.between_magnitudes(10, 1000));
  habits.rate = random_.between_magnitudes(0.01, 0.2);
  const auto number = static_cast<std::int64_t>(group.value);
  clients_[group] = {std::make_unique<Producer>(for_clients_, group, number, habits),
                     std::make_unique<Consumer>(for_clients_, group, group.value)};
}

// ---- what clients see

Machine* World::machine_of(NodeId node) {
  if (node == no_node) return nullptr;
  for (auto& [number, machine] : machines_)
    if (machine->id() == node) return machine.get();
  return nullptr;
}

Machine* World::best_informed() {
  Machine* best = nullptr;
  for (auto& [number, machine] : machines_) {
    if (!machine->ready()) continue;
    if (best == nullptr || machine->metadata()->applied() > best->metadata()->applied()) best = machine.get();
  }
  return best;
}

Machine* World::controller() {
  Machine* found = nullptr;
  for (auto& [number, machine] : machines_) {
    if (!machine->ready() || !machine->metadata()->leads()) continue;
    auto* replica = machine->find(metadata_group);
    if (replica == nullptr || !replica->settled()) continue;
    if (found == nullptr || found->find(metadata_group)->term() < replica->term()) found = machine.get();
  }
  return found;
}

Leader World::leader(GroupId group) {
  // One that answers, another one each time.
  std::vector<Machine*> ready;
  for (auto& [number, machine] : machines_)
    if (machine->ready()) ready.push_back(machine.get());
  return ready.empty() ? Leader{} : random_.pick(ready)->metadata()->leader_of(group);
}

NodeId World::anyone(Random& random) {
  return std::next(machines_.begin(), static_cast<std::ptrdiff_t>(random.below(machines_.size())))->second->id();
}

partition::PartitionReplica* World::replica(NodeId node, GroupId group) {
  auto* machine = machine_of(node);
  return machine == nullptr ? nullptr : machine->find(group);
}

void World::produce(NodeId to, GroupId group, partition::ProduceCommand command, Produced answer) {
  auto* machine = machine_of(to);
  if (machine == nullptr || !machine->up()) return;
  if (machine->find(group) != nullptr) {
    machine->produce(group, std::move(command), std::move(answer));
    return;
  }
  partition::ProduceOutcome outcome;
  outcome.error = ErrorCode::not_leader_or_follower;
  network_.send_to_client(to, [answer = std::move(answer), outcome] { answer(outcome); });
}

void World::fetch(NodeId from, GroupId group, const partition::FetchCommand& command, Fetched answer) {
  auto* machine = machine_of(from);
  if (machine == nullptr || !machine->up()) return;
  if (machine->find(group) != nullptr) {
    machine->fetch(group, command, std::move(answer));
    return;
  }
  partition::FetchOutcome outcome;
  outcome.error = ErrorCode::not_leader_or_follower;
  network_.send_to_client(from, [answer = std::move(answer), outcome] { answer(outcome); });
}

// ---- time

void World::tick() {
  ++ticks_;
  if (phase_ == "faults") {
    chaos_.tick();
    operator_.tick();
  }
  const auto* informed = best_informed();
  for (auto& [group, client] : clients_) {
    if (informed != nullptr && !informed->metadata()->image().partition_of(group)) continue;
    client.producer->tick();
    client.consumer->tick();
  }
  timeline_.run_until(timeline_.now() + tick_length,
                      [this] { return findings_.failed() || timeline_.events() > events_max; });
  if (timeline_.events() > events_max) findings_.fail("liveness", "there is no end of messages");
}

void World::run_ticks(std::uint32_t ticks) {
  for (std::uint32_t i = 0; i < ticks && !findings_.failed(); ++i) tick();
}

template <class Done>
void World::run_until(std::uint32_t ticks_max, Done done) {
  const auto begun = ticks_;
  std::string missing = "nothing was looked at";
  while (!findings_.failed() && !missing.empty()) {
    run_ticks(look_ticks);
    missing = done(ticks_ - begun);
    if (ticks_ - begun <= ticks_max || missing.empty()) continue;
    if (auto* controller = this->controller())
      for (const auto& operation : controller->metadata()->controller().operations(controller->metadata()->image()))
        if (!operation.waiting.empty()) missing += "; the controller: " + operation.waiting;
    findings_.fail("liveness", missing);
  }
  recovery_ticks_ = std::max(recovery_ticks_, ticks_ - begun);
}

Outcome World::run() {
  form();
  phase_ = "faults";
  run_ticks(plan_.ticks);
  chaos_.end();
  recover("recovery");
  for (auto& [group, client] : clients_) client.producer->finish();
  recover("end");
  if (!findings_.failed()) compare();
  Outcome outcome{findings_.failed(), findings_.rule(),  findings_.what(), phase_, ticks_,
                  findings_.digest(), timeline_.events()};
  for (const auto& [group, history] : histories_) outcome.acknowledged += history.acknowledgements();
  for (const auto& [group, client] : clients_) outcome.consumed += client.consumer->batches();
  outcome.commands = operator_.orders();
  outcome.recovery_ticks = recovery_ticks_;
  outcome.strikes = strikes_;
  return outcome;
}

void World::form() {
  phase_ = "forming";
  for (std::uint64_t number = 1; number <= plan_.founders; ++number) {
    auto& machine = *machines_.at(number);
    timeline_.after(random_.below(50 * tick_length), [&machine] { machine.start(); });
  }
  run_until(forming_ticks_max, [this](std::uint32_t) -> std::string {
    for (std::uint64_t number = 1; number <= plan_.founders; ++number)
      if (!machines_.at(number)->ready()) return "machine " + std::to_string(number) + " is not ready";
    return {};
  });
  recovery_ticks_ = 0;
}

void World::recover(const std::string& phase) {
  if (findings_.failed()) return;
  phase_ = phase;
  run_until(recovery_ticks_max, [this](std::uint32_t since) {
    operator_.tidy(since);
    return unwell();
  });
}

} // namespace callboard::simulation::cluster
