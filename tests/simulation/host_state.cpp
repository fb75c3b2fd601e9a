// Host: the states that some groups' logs are applied to, as a coordinator and the state
// actor keep them.
#include <utility>

#include "tests/simulation/host.h"

namespace callboard::simulation {
namespace {

constexpr double flushed_in_a_tick = 0.05;
constexpr Time step_delay_max = 60;

} // namespace

const AppliedState* Host::state_of(GroupId group) const {
  const auto found = states_.find(group);
  return found == states_.end() ? nullptr : &found->second.state;
}

void Host::open_state(GroupId group, const StoredGroup& stored, RaftIndex committed) {
  auto& state = states_[group].state;
  state = stored.state;
  if (state.next_offset < stored.log.first_offset()) {
    world_.findings.fail("states", "group " + std::to_string(group.value) + " on node " + std::to_string(id_.value) +
                                       ": the log begins behind what its state holds");
    return;
  }
  auto index = std::max(state.applied.next(), stored.log.first_index());
  for (; index <= committed && stored.log.find(index) != nullptr; index = index.next())
    state.apply(*stored.log.find(index));
  replicas_.at(group)->state_kept(stored.state.next_offset);
}

void Host::apply(GroupId group, const std::vector<LogEntry>& entries) {
  const auto found = states_.find(group);
  if (found == states_.end()) return;
  for (const auto& entry : entries) found->second.state.apply(entry);
}

void Host::flush_states() {
  for (auto& [group, kept] : states_) {
    if (!random_.chance(flushed_in_a_tick) || !disk_.keep_state(group, kept.state)) continue;
    replicas_.at(group)->state_kept(kept.state.next_offset);
    if (kept.log_start_due) set_log_start(group, *std::exchange(kept.log_start_due, {}));
  }
}

// Not past what the state on disk has.
void Host::set_log_start(GroupId group, Offset log_start) {
  const auto state = states_.find(group);
  if (state != states_.end() && disk_.find(group)->state.next_offset < log_start) {
    state->second.log_start_due = log_start;
    return;
  }
  disk_.set_log_start(group, log_start);
  const auto& log = disk_.find(group)->log;
  input(group, [&](auto& replica) { replica.prefix_removed(log.first_index(), log.first_offset()); });
}

void Host::read_state(GroupId group, const partition::StateRead& read) {
  world_.timeline.after(random_.between(1, step_delay_max), [this, group, read, life = life_] {
    const auto* state = life == life_ ? state_of(group) : nullptr;
    if (state != nullptr) input(group, [&](auto& replica) { replica.state_read(read.to, state->part(read.after)); });
  });
}

void Host::store_state(GroupId group, partition::StateStep step) {
  world_.timeline.after(random_.between(1, step_delay_max), [this, group, step = std::move(step), life = life_] {
    const auto found = life == life_ ? states_.find(group) : states_.end();
    if (found == states_.end()) return;
    auto& [state, incoming, log_start_due] = found->second;
    if (step.first) incoming.clear();
    for (const auto& row : step.rows) incoming[row.key] = *row.value;
    bool stored = true;
    if (step.complete) {
      const bool newer = state.applied < step.complete->applied;
      AppliedState whole = newer ? AppliedState{incoming, step.complete->applied, step.complete->next_offset} : state;
      stored = disk_.keep_state(group, whole);
      if (stored) world_.findings.state_replaced();
      if (stored) state = std::move(whole);
    }
    input(group, [&](auto& replica) { replica.state_stored(stored); });
  });
}

} // namespace callboard::simulation
