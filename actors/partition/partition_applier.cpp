// PartitionActor of an internal partition: who applies its log, and the state it comes to.
#include "actors/partition/internal_log.h"
#include "actors/partition/partition_actor.h"
#include "actors/storage/state_messages.h"

namespace callboard {

void PartitionActor::replay(const ReplayLog& message) {
  if (stopped_ || !replica_) return; // it has told so
  if (const auto first = replica_->raft().first_index(); first > message.first)
    send(message.from, LogTrimmed{first});
  else
    send(wiring_.reader, ReplayEntries{message.from, view_, message.first, message.last});
}

void PartitionActor::on_state_flushed(const AppliedStateFlushed& message) {
  applied_flushed_ = message.next_offset;
  if (replica_) replica_->state_kept(applied_flushed_);
  store_log_start();
}

// Not past what the state that the log was applied to holds on disk.
void PartitionActor::store_log_start() {
  if (!log_start_due_ || (wiring_.applier && *log_start_due_ > applied_flushed_)) return;
  send(wiring_.writer, StoreLogStart{wiring_.group, *log_start_due_});
  log_start_due_.reset();
}

void PartitionActor::route_state(partition::Effects& effects) {
  for (auto& read : effects.state_reads)
    send(wiring_.state, ReadStatePart{wiring_.group, caf::actor(this), read.to, std::move(read.after)});
  if (effects.state_step)
    send(wiring_.state, StoreStatePart{wiring_.group, caf::actor(this), std::move(*effects.state_step)});
}

void PartitionActor::on_state_read(StatePartRead& message) {
  if (!replica_) return;
  std::size_t bytes = 0;
  for (const auto& row : message.part.rows) bytes += row.key.size() + (row.value ? row.value->size() : 0);
  send(wiring_.catch_up, CatchUpSpent{bytes});
  replica_->state_read(message.to, std::move(message.part));
  route_effects();
}

void PartitionActor::on_state_stored(const StatePartStored& message) {
  if (!replica_) return;
  replica_->state_stored(message.stored);
  route_effects();
}

} // namespace callboard
