#include "tests/simulation/cluster/chaos.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/cluster/metadata.h"
#include "tests/simulation/cluster/world.h"

namespace callboard::simulation::cluster {
namespace {

constexpr Time down_max = 60 * tick_length;
constexpr Time cut_max = 100 * tick_length;
constexpr Time pause_max = 40 * tick_length;
constexpr Time disk_trouble_max = 50 * tick_length;

NodeId line(std::uint64_t number) {
  return NodeId(static_cast<NodeId::rep>(number));
}

} // namespace

Chaos::Chaos(World& world, std::uint64_t seed) : world_(world), random_(seed, "cluster chaos") {}

bool Chaos::now(Event event) {
  return random_.chance(world_.plan().rate(event) / 1000);
}

Machine* Chaos::some_machine() {
  std::vector<Machine*> all;
  for (auto& [number, machine] : world_.machines())
    if (machine->in_service()) all.push_back(machine.get());
  return all.empty() ? nullptr : random_.pick(all);
}

Machine* Chaos::some_running() {
  auto* machine = some_machine();
  return machine != nullptr && machine->up() ? machine : nullptr;
}

void Chaos::tick() {
  break_machines();
  break_lines();
  break_disks();
}

void Chaos::start_later(Machine& machine, Time duration) {
  world_.timeline().after(duration + 1, [&machine] {
    if (machine.in_service() && !machine.up()) machine.start();
  });
}

void Chaos::crash(Machine& machine, Time duration) {
  if (!machine.up()) return;
  machine.crash();
  start_later(machine, duration);
}

void Chaos::break_machines() {
  // At any moment within the tick, so that some commits are under way.
  const auto within = [this](auto action) {
    world_.timeline().after(random_.below(tick_length), [this, action] {
      if (!ended_) action();
    });
  };
  if (now(Event::crash))
    if (auto* machine = some_running()) {
      world_.struck(Event::crash);
      within([this, machine] { crash(*machine, random_.below(down_max)); });
    }
  if (now(Event::crash_all)) {
    world_.struck(Event::crash_all);
    within([this] {
      for (auto& [number, machine] : world_.machines()) crash(*machine, random_.below(down_max));
    });
  }
  if (now(Event::absence))
    if (auto* machine = some_running()) {
      world_.struck(Event::absence);
      const auto gone = world_.plan().replace_after_ticks * tick_length;
      crash(*machine, gone + random_.below(gone));
    }
  if (now(Event::pause))
    if (auto* machine = some_running()) {
      world_.struck(Event::pause);
      machine->pause(random_.below(pause_max));
    }
  if (now(Event::join))
    for (auto& [number, machine] : world_.machines()) {
      if (machine->in_service()) continue;
      world_.struck(Event::join);
      machine->wipe(world_.addresses());
      machine->start();
      break;
    }
  if (now(Event::wipe)) wipe();
}

// Only while one of each group may be lost for good.
void Chaos::wipe() {
  auto* machine = some_machine();
  if (machine == nullptr || !machine->cluster() || !world_.spotless() || world_.operators().places()) return;
  world_.struck(Event::wipe);
  machine->wipe(world_.addresses());
  start_later(*machine, random_.below(down_max));
}

template <class Parted>
void Chaos::part(Parted parted, Time duration) {
  for (const auto& [from, sender] : world_.machines())
    for (const auto& [to, receiver] : world_.machines()) {
      if (from == to || !parted(from, to)) continue;
      world_.network().cut(line(from), line(to));
      world_.timeline().after(duration, [this, from = from, to = to] {
        if (!ended_) world_.network().mend(line(from), line(to));
      });
    }
}

void Chaos::break_lines() {
  const auto count = world_.machines().size();
  const auto one = random_.between(1, count);
  const auto sides = random_.next();
  const auto duration = random_.below(cut_max);
  if (now(Event::isolation)) {
    world_.struck(Event::isolation);
    part([&](auto from, auto to) { return from == one || to == one; }, duration);
  }
  if (now(Event::halves)) {
    world_.struck(Event::halves);
    part([&](auto from, auto to) { return (sides >> from & 1U) != (sides >> to & 1U); }, duration);
  }
  if (now(Event::ring)) {
    world_.struck(Event::ring);
    part([&](auto from, auto to) { return from % count + 1 != to && to % count + 1 != from; }, duration);
  }
  if (now(Event::one_way)) {
    world_.struck(Event::one_way);
    const bool unheard = random_.chance(0.5);
    part([&](auto from, auto to) { return (unheard ? from : to) == one && (sides >> (unheard ? to : from) & 1U) == 0; },
         duration);
  }
}

void Chaos::break_disks() {
  if (now(Event::slow_disk))
    if (auto* machine = some_running()) {
      world_.struck(Event::slow_disk);
      auto& disk = machine->disk();
      disk.set_slow(true);
      world_.timeline().after(random_.below(disk_trouble_max), [&disk] { disk.set_slow(false); });
    }
  if (now(Event::full_disk))
    if (auto* machine = some_running()) {
      world_.struck(Event::full_disk);
      auto& disk = machine->disk();
      disk.set_full(true);
      world_.timeline().after(random_.below(disk_trouble_max), [&disk] { disk.set_full(false); });
    }
  // A replica that begins anew lacks what the others have to give it: one at a time.
  if (now(Event::broken_disk) && !world_.some_log_incomplete())
    if (auto* machine = some_running()) {
      world_.struck(Event::broken_disk);
      random_.chance(0.8) ? machine->disk().break_next_write() : machine->disk().break_next_hard_states();
    }
  if (now(Event::rot)) rot();
  if (now(Event::stop)) stop_leader();
}

// One of a group at a time, and not of one that is about to have a single copy: nobody promises to survive that.
void Chaos::rot() {
  auto* machine = some_machine();
  if (machine == nullptr || machine->disk().groups().empty() || !world_.spotless()) return;
  if (world_.operators().drains()) return;
  for (const auto& [number, other] : world_.machines())
    if (other.get() != machine && other->damaged()) return;
  auto& groups = machine->disk().groups();
  auto& rotten = *std::next(groups.begin(), static_cast<std::ptrdiff_t>(random_.below(groups.size())));
  world_.struck(Event::rot);
  machine->say("group " + std::to_string(rotten.first.value) + " rots");
  rotten.second.rotten = true;
}

void Chaos::stop_leader() {
  auto* machine = some_running();
  if (machine == nullptr) return;
  std::vector<GroupId> led;
  for (const auto& [group, replica] : machine->replicas())
    if (replica->leading() && group != metadata_group) led.push_back(group);
  if (led.empty()) return;
  world_.struck(Event::stop);
  machine->stop_replica(random_.pick(led), {ErrorCode::storage_io, "It is stopped."});
}

void Chaos::end() {
  ended_ = true;
  world_.network().calm();
  world_.network().mend_all();
  for (auto& [number, machine] : world_.machines()) {
    if (!machine->in_service()) continue;
    machine->disk().repair();
    if (machine->up() && machine->has_stopped_replica()) machine->crash();
    if (!machine->up()) machine->start();
  }
}

} // namespace callboard::simulation::cluster
