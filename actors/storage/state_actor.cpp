#include "actors/storage/state_actor.h"

#include <algorithm>
#include <fmt/format.h>

#include "actors/runtime/log.h"

namespace callboard {
namespace {

constexpr std::size_t flush_at_bytes = std::size_t{1} << 20;
constexpr std::size_t part_rows_max = 16384;
constexpr std::size_t part_bytes_max = std::size_t{1} << 20;

} // namespace

StateActor::StateActor(caf::actor_config& config, ActorRegistry& registry, std::string name, Duration flush_interval)
  : HostedActor(config, registry, ActorKind::state, std::move(name)), flush_interval_(flush_interval) {}

caf::behavior StateActor::make_behavior() {
  return {
      handler([this](ApplyRows& message) { apply(message); }),
      handler([this](const ScanRows& message) { scan(message); }),
      handler([this](const OpenState& message) { open(message); }),
      handler([this](const ReadStatePart& message) { read_part(message); }),
      handler([this](StoreStatePart& message) { store_part(message); }),
      handler([this](const DropState& message) { drop(message); }),
      handler([this](const FlushStates&) { flush_states(); }),
      handler([this](const CloseStates& message) { close_states(message); }),
      status_handler(),
  };
}

std::string StateActor::describe() const {
  std::size_t waiting = 0;
  for (const auto& [group, state] : states_)
    if (state.store) waiting += state.store->overlay_bytes();
  return fmt::format("{} states open, {} rows applied, {} flushes, {} bytes wait for the next", states_.size(),
                     rows_applied_, flushes_, waiting);
}

void StateActor::open(const OpenState& message) {
  auto& state = states_[message.group];
  state = {nullptr, message.from, message.directory, nullptr};
  auto store = storage::StateStore::open(message.directory, message.group);
  if (!store) {
    give_up(message.group, state, store.error());
    return;
  }
  state.store = std::move(*store);
  send(state.owner, StateOpened{message.group, state.store->applied(), state.store->next_offset()});
}

void StateActor::apply(ApplyRows& message) {
  const auto found = states_.find(message.group);
  if (found == states_.end() || !found->second.store) return;
  auto& state = found->second;
  if (message.index <= state.store->applied()) return; // another replica's state came meanwhile, which has it
  rows_applied_ += message.rows.size();
  if (auto applied = state.store->apply(std::move(message.rows), message.index, message.next_offset); !applied) {
    give_up(message.group, state, applied.error());
    return;
  }
  // With a full disk the timer tries again, not every entry.
  if (state.store->overlay_bytes() >= flush_at_bytes && !state.full_told) flush(message.group, state);
  arm_flush();
}

void StateActor::scan(const ScanRows& message) {
  RowsScanned answer;
  answer.token = message.token;
  answer.error = ErrorCode::not_leader_or_follower;
  const auto found = states_.find(message.group);
  if (found != states_.end() && found->second.store) {
    auto scanned = found->second.store->scan(message.prefix, message.after, message.limit);
    if (scanned) {
      answer.error = ErrorCode::none;
      answer.rows = std::move(scanned->rows);
      answer.more = scanned->more;
    } else {
      answer.error = scanned.error().code;
      give_up(message.group, found->second, scanned.error());
    }
  }
  send(message.from, std::move(answer));
}

void StateActor::read_part(const ReadStatePart& message) {
  const auto found = states_.find(message.group);
  if (found == states_.end() || !found->second.store) return;
  const auto& store = *found->second.store;
  auto scanned = store.scan({}, message.after, part_rows_max, part_bytes_max);
  if (!scanned) {
    give_up(message.group, found->second, scanned.error());
    return;
  }
  send(message.from, StatePartRead{message.to, raft::StatePart{message.after, store.applied(), store.next_offset(),
                                                               std::move(scanned->rows), scanned->more}});
}

void StateActor::store_part(StoreStatePart& message) {
  const auto found = states_.find(message.group);
  bool stored = false;
  if (found != states_.end()) {
    auto& state = found->second;
    const auto kept = store(state, message.group, message.step);
    if (!kept)
      log::error("group {}: another replica's state cannot be taken: {}", message.group.value, kept.error().message);
    if (!kept || message.step.complete) state.incoming.reset();
    stored = kept.ok();
  }
  send(message.from, StatePartStored{stored});
}

Status StateActor::store(OpenedState& state, GroupId group, partition::StateStep& step) {
  if (step.first) {
    auto begun = storage::StateStore::begin_replacement(state.directory, group);
    if (!begun) return begun.error();
    state.incoming = std::move(*begun);
  }
  if (!state.incoming) return Error{ErrorCode::invalid_argument, "its first part is not here"};
  if (auto put = state.incoming->put(std::move(step.rows)); !put) return put;
  return step.complete ? take_over(state, group, *step.complete) : ok_status();
}

Status StateActor::take_over(OpenedState& state, GroupId group, const partition::AppliedTo& as_of) {
  if (state.store && state.store->applied() >= as_of.applied) { // has more by now
    if (auto kept = state.store->flush(); !kept) return kept;
    send(state.owner, StateOpened{group, state.store->applied(), state.store->next_offset()});
    return ok_status();
  }
  if (auto whole = state.incoming->complete(as_of.applied, as_of.next_offset); !whole) return whole;
  // Should the old one have to stay: its owner has applied what is not on disk yet.
  if (state.store)
    if (auto kept = state.store->flush(); !kept) return kept;
  state.store.reset();
  auto in_place = state.incoming->take_place();
  auto opened = storage::StateStore::open(state.directory, group);
  if (!opened) {
    give_up(group, state, opened.error());
    return opened.error();
  }
  state.store = std::move(*opened);
  if (!in_place) return in_place;
  log::info("group {}: has the state of another replica, as of entry {}", group.value, as_of.applied.value);
  send(state.owner, StateOpened{group, state.store->applied(), state.store->next_offset()});
  return in_place;
}

void StateActor::drop(const DropState& message) {
  states_.erase(message.group);
  if (const auto gone = storage::StateStore::remove(message.directory, message.group); !gone)
    log::warn("group {}: its state stays behind: {}", message.group.value, gone.error().message);
  if (message.from) send(message.from, StateDropped{});
}

void StateActor::flush(GroupId group, OpenedState& state) {
  const auto flushed = state.store->flush();
  ++flushes_;
  if (flushed) {
    state.full_told = false;
    send(state.owner, StateFlushed{group, state.store->flushed(), state.store->flushed_offset()});
    return;
  }
  if (flushed.error().code != ErrorCode::storage_full) {
    give_up(group, state, flushed.error());
    return;
  }
  if (!std::exchange(state.full_told, true))
    log::error("group {}: its state waits to be written: {}", group.value, flushed.error().message);
}

void StateActor::flush_states() {
  flush_armed_ = false;
  for (auto& [group, state] : states_)
    if (state.store && state.store->dirty()) flush(group, state);
  arm_flush();
}

void StateActor::arm_flush() {
  if (flush_armed_) return;
  const auto dirty = [](const auto& entry) { return entry.second.store && entry.second.store->dirty(); };
  if (std::ranges::none_of(states_, dirty)) return;
  flush_armed_ = true;
  delayed_send(this, flush_interval_, FlushStates{});
}

void StateActor::close_states(const CloseStates& message) {
  for (auto& [group, state] : states_)
    if (state.store && state.store->dirty()) flush(group, state);
  states_.clear();
  send(message.reply_to, StatesClosed{});
}

void StateActor::give_up(GroupId group, OpenedState& state, const Error& error) {
  log::error("group {}: its state cannot be used: {}", group.value, error.message);
  state.store.reset();
  send(state.owner, StateUnusable{group, error});
}

} // namespace callboard
