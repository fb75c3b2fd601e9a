#include "cluster/partition/partition_replica.h"

#include <algorithm>
#include <utility>

#include "cluster/partition/state_row.h"

namespace callboard::partition {

PartitionReplica::PartitionReplica(Start start)
  : raft_({start.self, std::move(start.hard), start.log.first_index, start.log.last_index, start.log.last_term,
           start.log.applied}),
    options_(start.options), deliver_applied_(start.deliver_applied), cache_(std::move(start.cache_budget)) {
  if (const auto recovered = recover(start.log); !recovered.ok()) stop(recovered.error());
}

void PartitionReplica::campaign() {
  if (stopped_) return;
  raft_.campaign();
  absorb_raft();
}

void PartitionReplica::hard_state_stored(Term term) {
  if (stopped_) return;
  const bool led = leading();
  raft_.hard_state_stored(term);
  effects_.leader_changed |= leading() != led;
  absorb_raft();
}

ErrorCode PartitionReplica::move_log_start(Offset offset) {
  if (stopped_) return stopped_->code;
  if (!leading()) return ErrorCode::not_leader_or_follower;
  if (offset > high_watermark_) return ErrorCode::offset_out_of_range;
  if (offset <= log_start_proposed_) return ErrorCode::none;
  log_start_proposed_ = offset;
  LogEntry entry;
  entry.type = EntryType::log_start;
  entry.base_offset = log_end_;
  entry.payload = SharedBytes::copy_of(RowWriter().put(offset.value).take());
  propose(std::move(entry));
  return ErrorCode::none;
}

void PartitionReplica::written(RaftIndex last, Term term) {
  if (stopped_) return;
  raft_.entries_stored(last, term);
  if (state_.in_flight && *state_.in_flight <= last) {
    producers_.rows_written();
    terms_.rows_written();
    log_start_rows_.written();
    state_.in_flight.reset();
  }
  release(acks_on_store_, raft_.stored_index());
  apply_committed();
}

void PartitionReplica::write_failed(std::uint64_t generation, const Error& error) {
  if (stopped_ || generation != generation_) return;
  if (error.code == ErrorCode::storage_full) {
    undo_unstored({ErrorCode::kafka_storage_error, error.message});
  } else {
    stop(error);
  }
}

void PartitionReplica::stop(Error error) {
  if (stopped_) return;
  stopped_ = std::move(error);
  effects_.hard_state.reset();
  effects_.write = {};
  refuse_waiters(acks_on_store_, RaftIndex{}, *stopped_);
  refuse_waiters(acks_on_commit_, RaftIndex{}, *stopped_);
  wake_fetches();
  unapplied_.clear();
  cache_.clear();
}

Effects PartitionReplica::take_effects() {
  if (!effects_.write.entries.empty() && state_due()) add_state(effects_.write);
  effects_.write_generation = generation_;
  return std::exchange(effects_, {});
}

void PartitionReplica::propose(LogEntry entry) {
  proposal_.clear();
  proposal_.push_back(std::move(entry));
  const bool accepted = raft_.propose(proposal_);
  CB_ASSERT(accepted);
  absorb_raft();
}

void PartitionReplica::absorb_raft() {
  auto from_raft = raft_.take_effects();
  if (from_raft.hard_state) effects_.hard_state = std::move(from_raft.hard_state);
  for (auto& entry : from_raft.append) {
    if (entry.type != EntryType::batch) entry.base_offset = log_end_;
    adopt(entry, entry.payload.size());
  }
  effects_.write.append({from_raft.truncate_from, std::move(from_raft.append), {}, {}});
}

// What an appended entry means before it is committed; batches are announced to the
// producer table and the cache by those who know their header.
void PartitionReplica::adopt(const LogEntry& entry, std::size_t bytes) {
  CB_ASSERT(entry.base_offset == log_end_);
  terms_.append(entry.term, entry.index, entry.base_offset);
  log_end_ = entry.next_offset();
  unapplied_.push_back({entry, bytes});
  if (entry.type == EntryType::batch && !deliver_applied_) unapplied_.back().entry.payload = {};
}

void PartitionReplica::apply_committed() {
  const auto commit = raft_.commit_index();
  if (commit <= applied_) return;
  while (!unapplied_.empty() && unapplied_.front().entry.index <= commit) {
    apply_entry(unapplied_.front());
    unapplied_.pop_front();
  }
  producers_.apply(commit);
  terms_.apply(commit);
  terms_.trim(log_start_);
  applied_ = commit;
  release(acks_on_commit_, commit);
  wake_fetches();
}

void PartitionReplica::apply_entry(Unapplied& unapplied) {
  auto& entry = unapplied.entry;
  high_watermark_ = std::max(high_watermark_, entry.next_offset());
  state_.bytes += unapplied.bytes;
  if (entry.type == EntryType::log_start) {
    const Offset offset{RowReader(entry.payload.text()).get<std::int64_t>()};
    if (offset > log_start_ && offset <= high_watermark_) {
      log_start_ = offset;
      log_start_rows_.mark(offset);
      effects_.log_start = offset;
    }
  }
  if (deliver_applied_) effects_.applied.push_back(std::move(entry));
}

// The disk was full: what was not stored has never been.
void PartitionReplica::undo_unstored(const Error& error) {
  raft_.discard_unstored();
  const auto from = raft_.last_index().next();
  while (!unapplied_.empty() && unapplied_.back().entry.index >= from) unapplied_.pop_back();
  log_end_ = unapplied_.empty() ? high_watermark_ : unapplied_.back().entry.next_offset();
  producers_.truncate_from(from);
  terms_.truncate_from(from);
  cache_.truncate(log_end_);
  log_start_proposed_ = log_start_;
  effects_.write = {};
  if (state_.in_flight) {
    producers_.rows_lost();
    terms_.rows_lost();
    log_start_rows_.lost();
    state_ = {};
  }
  ++generation_;
  refuse_waiters(acks_on_store_, from, error);
  refuse_waiters(acks_on_commit_, from, error);
  wake_fetches();
}

} // namespace callboard::partition
