// PartitionReplica: fetch, long poll and list offsets.
#include <algorithm>
#include <tuple>
#include <utility>

#include "cluster/partition/partition_replica.h"

namespace callboard::partition {
namespace {

constexpr std::int64_t latest_timestamp = -1;
constexpr std::int64_t earliest_timestamp = -2;
constexpr std::int64_t latest_tiered_timestamp = -5;

} // namespace

void PartitionReplica::fetch(const FetchCommand& command) {
  auto outcome = try_fetch(command);
  std::uint64_t round = 0;
  if (outcome && is_beyond(command, *outcome)) {
    round = raft_.begin_round();
    if (raft_.answered_round() < round) outcome.reset();
  }
  if (outcome) {
    effects_.fetched.push_back(std::move(*outcome));
    return;
  }
  if (round > 0) await_round(round);
  parked_.push_back({command, round});
}

void PartitionReplica::await_round(std::uint64_t round) {
  awaited_round_ = awaited_round_ == 0 ? round : std::min(awaited_round_, round);
}

void PartitionReplica::cancel_fetch(WaiterId waiter) {
  std::erase_if(parked_, [&](const Parked& parked) { return parked.command.waiter == waiter; });
}

OffsetOutcome PartitionReplica::list_offset(std::int64_t timestamp, std::int32_t leader_epoch) const {
  OffsetOutcome outcome;
  outcome.error = check_leader(leader_epoch);
  if (outcome.error != ErrorCode::none) return outcome;
  if (timestamp == earliest_timestamp) {
    outcome.offset = log_start_;
    outcome.leader_epoch = terms_.term_at(log_start_);
  } else if (timestamp == latest_tiered_timestamp) {
    outcome.offset = unknown_offset;
  } else if (timestamp != latest_timestamp) {
    outcome.error = ErrorCode::invalid_request;
  } else if (!settled()) {
    outcome.error = ErrorCode::offset_not_available;
  } else {
    outcome.offset = high_watermark_;
    outcome.leader_epoch = raft_.term();
  }
  return outcome;
}

EpochEnd PartitionReplica::end_offset_for(std::int32_t leader_epoch, std::int32_t current_leader_epoch) const {
  EpochEnd end;
  end.error = check_leader(current_leader_epoch);
  if (end.error == ErrorCode::none) std::tie(end.leader_epoch, end.end) = terms_.end_of(Term(leader_epoch), log_end_);
  return end;
}

ErrorCode PartitionReplica::check_leader(std::int32_t leader_epoch) const {
  if (stopped_) return stopped_->code;
  if (!leading()) return ErrorCode::not_leader_or_follower;
  if (leader_epoch < 0 || leader_epoch == raft_.term().value) return ErrorCode::none;
  return leader_epoch < raft_.term().value ? ErrorCode::fenced_leader_epoch : ErrorCode::unknown_leader_epoch;
}

// True: the outcome says so. An epoch above all that this log has had cannot be placed:
// the client has to look for an offset anew.
bool PartitionReplica::diverges(const FetchCommand& command, FetchOutcome& outcome) const {
  if (command.last_fetched_epoch < 0) return false;
  const auto end = end_offset_for(command.last_fetched_epoch);
  if (end.end == unknown_offset) {
    outcome.error = ErrorCode::offset_out_of_range;
    return true;
  }
  if (end.leader_epoch.value == command.last_fetched_epoch && end.end >= command.offset) return false;
  outcome.diverged = end;
  outcome.high_watermark = high_watermark_;
  outcome.last_stable = high_watermark_;
  outcome.log_start = log_start_;
  return true;
}

// A leader that stood still while others elected another may know less than the client has
// from there; told that its offset is out of range, the client would begin anew. It is told
// so only once a majority has said, since it asked, that it knows no other leader.
bool PartitionReplica::is_beyond(const FetchCommand& command, const FetchOutcome& outcome) const {
  return outcome.error == ErrorCode::offset_out_of_range && command.offset >= log_start_;
}

// nullopt: to be parked.
std::optional<FetchOutcome> PartitionReplica::try_fetch(const FetchCommand& command) {
  FetchOutcome outcome;
  outcome.waiter = command.waiter;
  outcome.error = check_leader(command.leader_epoch);
  if (outcome.error != ErrorCode::none) return outcome;
  if (command.offset < log_start_) {
    outcome.error = ErrorCode::offset_out_of_range;
    return outcome;
  }
  if (diverges(command, outcome)) return outcome;
  if (command.offset > log_end_) {
    outcome.error = ErrorCode::offset_out_of_range;
    return outcome;
  }

  const bool readable = command.offset < high_watermark_;
  if (!readable && command.park_until_bytes > 0) return std::nullopt;
  // What left the cache counts as enough: a park is short of bytes only at the tail.
  const auto available = readable ? cache_.available(command.offset, high_watermark_, command.park_until_bytes) : 0;
  if (available && *available < command.park_until_bytes) return std::nullopt;

  outcome.high_watermark = high_watermark_;
  outcome.last_stable = high_watermark_;
  outcome.log_start = log_start_;
  if (readable &&
      !cache_.read(command.offset, high_watermark_, command.bytes_max, command.at_least_one, outcome.batches)) {
    outcome.cold = ColdRead{command.offset, high_watermark_, command.bytes_max, command.at_least_one};
  }
  return outcome;
}

void PartitionReplica::wake_fetches() {
  std::erase_if(parked_, [&](const Parked& parked) {
    auto outcome = parked.round > 0 && leading() ? std::nullopt : try_fetch(parked.command);
    if (!outcome) return false;
    effects_.fetched.push_back(std::move(*outcome));
    return true;
  });
}

// A majority has answered what some of them waited for.
void PartitionReplica::wake_confirmed() {
  if (awaited_round_ == 0) return;
  const auto answered = raft_.answered_round();
  if (answered < awaited_round_) return;
  awaited_round_ = 0;
  for (auto& parked : parked_) {
    if (parked.round <= answered)
      parked.round = 0;
    else
      await_round(parked.round);
  }
  wake_fetches();
}

// Its voters may not be able to answer for long, while they recover: the client is to ask again.
void PartitionReplica::give_up_confirming() {
  if (awaited_round_ == 0) return;
  for (auto& parked : parked_)
    if (parked.round > 0) ++parked.waited_ticks;
  std::erase_if(parked_, [&](const Parked& parked) {
    if (parked.waited_ticks <= confirm_ticks_max_) return false;
    auto& outcome = effects_.fetched.emplace_back();
    outcome.waiter = parked.command.waiter;
    outcome.error = ErrorCode::not_leader_or_follower;
    return true;
  });
}

} // namespace callboard::partition
