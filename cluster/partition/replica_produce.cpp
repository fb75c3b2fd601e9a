// PartitionReplica: produce, from the checks to the acknowledgement.
#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "cluster/partition/partition_replica.h"
#include "cluster/raft/sabotage.h"
#include "schema/record_filter.h"

namespace callboard::partition {
namespace {

using Verdict = SequenceCheck::Verdict;

constexpr std::int16_t acks_none = 0;
constexpr std::int16_t acks_leader = 1;
constexpr std::int16_t acks_all = -1;

std::string sequence_of(const BatchHeader& header) {
  return "Sequence " + std::to_string(header.base_sequence) + " of producer " + std::to_string(header.producer.value) +
         ", epoch " + std::to_string(header.producer_epoch);
}

std::optional<Error> refuse_sequence(Verdict verdict, const BatchHeader& header) {
  switch (verdict) {
  case Verdict::accept:
  case Verdict::duplicate: return std::nullopt;
  case Verdict::old_duplicate:
    return Error{ErrorCode::duplicate_sequence_number,
                 sequence_of(header) + ", was written before; where is no longer known."};
  case Verdict::out_of_order:
    return Error{ErrorCode::out_of_order_sequence_number,
                 sequence_of(header) + ", does not follow what was written last: a batch is missing between."};
  case Verdict::stale_epoch:
    return Error{ErrorCode::invalid_producer_epoch, sequence_of(header) + ", is fenced: a newer epoch has written."};
  }
  return std::nullopt;
}

// Compaction keeps the newest record of each key, so each must have one.
std::optional<Error> refuse_unkeyed(ByteView batch) {
  bool keyed = true;
  const auto walked = for_each_record_inside(batch, [&](const RecordView& record) {
    keyed = record.key.has_value();
    return keyed;
  });
  if (!walked) return walked.error();
  if (keyed) return std::nullopt;
  return Error{ErrorCode::invalid_record, "The topic is compacted (cleanup.policy): every record needs a key."};
}

ProduceOutcome refusal_of(WaiterId waiter, const Error& error) {
  ProduceOutcome outcome;
  outcome.waiter = waiter;
  outcome.error = error.code;
  outcome.message = error.message;
  return outcome;
}

} // namespace

void PartitionReplica::produce(ProduceCommand command, TimestampMs now) {
  auto refusal = refuse(command);
  SequenceCheck sequence;
  if (!refusal && command.header.idempotent()) {
    sequence = producers_.check(command.header);
    refusal = refuse_sequence(sequence.verdict, command.header);
  }
  if (refusal) {
    effects_.produced.push_back(refusal_of(command.waiter, *refusal));
  } else if (sequence.verdict == Verdict::duplicate) {
    AckWaiter waiter{sequence.index, {}};
    waiter.outcome.waiter = command.waiter;
    waiter.outcome.base_offset = sequence.base_offset;
    waiter.outcome.log_append_time = sequence.timestamp;
    const bool early = raft::sabotaged(raft::Sabotage::duplicate_acknowledged_early);
    acknowledge(early ? acks_none : command.acks, std::move(waiter));
  } else {
    append_batch(std::move(command), now);
  }
}

std::optional<Error> PartitionReplica::refuse(const ProduceCommand& command) const {
  if (stopped_) return stopped_;
  if (!leading()) return Error{ErrorCode::not_leader_or_follower, "This node does not lead the partition."};
  if (raft_.handing_over()) {
    return Error{ErrorCode::not_leader_or_follower, "This node is handing the partition over to another one."};
  }
  if (raft_.blocked()) return Error{ErrorCode::kafka_storage_error, "The leader's disk is full."};
  const auto& header = command.header;
  if (header.total_bytes > static_cast<std::size_t>(std::max(options_.message_bytes_max, 0))) {
    return Error{ErrorCode::message_too_large, "The batch has " + std::to_string(header.total_bytes) +
                                                   " bytes, max.message.bytes of the topic allows " +
                                                   std::to_string(options_.message_bytes_max) + "."};
  }
  if (header.total_bytes > raft::payload_bytes_max) {
    return Error{ErrorCode::message_too_large, "The batch has " + std::to_string(header.total_bytes) +
                                                   " bytes, nodes can send each other " +
                                                   std::to_string(raft::payload_bytes_max) + "."};
  }
  if (command.acks < acks_all || command.acks > acks_leader) {
    return Error{ErrorCode::invalid_required_acks,
                 "acks is " + std::to_string(command.acks) + ", it must be 0, 1 or -1 (all)."};
  }
  if (command.acks == acks_all && too_few_replicas()) {
    return Error{ErrorCode::not_enough_replicas, replicas_short()};
  }
  return options_.compacted ? refuse_unkeyed(command.batch.view()) : std::nullopt;
}

bool PartitionReplica::too_few_replicas() const {
  return options_.min_insync_replicas > 1 && std::cmp_less(raft_.voters_present(), options_.min_insync_replicas);
}

std::string PartitionReplica::replicas_short() const {
  const auto all = raft_.voters().size();
  const auto present = raft_.voters_present();
  return "The partition has " + std::to_string(all) + " replicas" +
         (present < all ? ", " + std::to_string(present) + " of them within reach" : "") +
         ", min.insync.replicas of the topic asks for " + std::to_string(options_.min_insync_replicas) + ".";
}

void PartitionReplica::append_batch(ProduceCommand command, TimestampMs now) {
  auto& header = command.header;
  const auto base = log_end_;
  if (options_.log_append_time) {
    stamp_log_append_time({command.batch.stampable(), command.batch.size()}, now);
    header.attributes = static_cast<std::int16_t>(header.attributes | 8);
    header.max_timestamp = now;
  }
  stamp_batch(command.batch.stampable(), base, raft_.term());

  LogEntry entry;
  entry.base_offset = base;
  entry.offset_count = header.last_offset_delta + 1;
  entry.max_timestamp = header.max_timestamp;
  entry.payload = command.batch;
  propose(std::move(entry));
  const auto index = raft_.last_index();
  if (header.idempotent()) producers_.append(header, index, base);
  cache_.append(base, log_end_, std::move(command.batch));

  AckWaiter waiter{index, {}};
  waiter.outcome.waiter = command.waiter;
  waiter.outcome.base_offset = base;
  if (header.log_append_time()) waiter.outcome.log_append_time = header.max_timestamp;
  acknowledge(command.acks, std::move(waiter));
}

void PartitionReplica::acknowledge(std::int16_t acks, AckWaiter waiter) {
  const auto done = acks == acks_leader ? raft_.stored_index() : acknowledged();
  if (acks == acks_none || waiter.index <= done) {
    waiter.outcome.log_start = log_start_;
    effects_.produced.push_back(std::move(waiter.outcome));
    return;
  }
  auto& waiters = acks == acks_leader ? acks_on_store_ : acks_on_commit_;
  // Only a duplicate, which waits for its original, does not go to the end.
  const auto place = std::upper_bound(waiters.begin(), waiters.end(), waiter.index,
                                      [](RaftIndex index, const AckWaiter& other) { return index < other.index; });
  waiters.insert(place, std::move(waiter));
}

// Committed, and on the disks of as many as the topic asks for.
RaftIndex PartitionReplica::acknowledged() const {
  const auto copies = static_cast<std::size_t>(std::max(options_.min_insync_replicas, 1));
  return copies == 1 ? committed_ : std::min(committed_, raft_.stored_on(copies));
}

// With too few replicas left those who wait are told so, though their batches may stay.
void PartitionReplica::release_committed() {
  if (acks_on_commit_.empty()) return;
  release(acks_on_commit_, acknowledged());
  if (leading() && !acks_on_commit_.empty() && too_few_replicas()) {
    refuse_waiters(acks_on_commit_, RaftIndex{}, {ErrorCode::not_enough_replicas_after_append, replicas_short()});
  }
}

void PartitionReplica::expire_produce(WaiterId waiter) {
  const auto expired = std::find_if(acks_on_commit_.begin(), acks_on_commit_.end(),
                                    [&](const AckWaiter& waiting) { return waiting.outcome.waiter == waiter; });
  if (expired == acks_on_commit_.end()) return;
  effects_.produced.push_back(
      refusal_of(waiter, {ErrorCode::request_timed_out, "The batch was not committed in time; it still may be."}));
  acks_on_commit_.erase(expired);
}

void PartitionReplica::release(AckWaiters& waiters, RaftIndex up_to) {
  while (!waiters.empty() && waiters.front().index <= up_to) {
    waiters.front().outcome.log_start = log_start_;
    effects_.produced.push_back(std::move(waiters.front().outcome));
    waiters.pop_front();
  }
}

void PartitionReplica::refuse_waiters(AckWaiters& waiters, RaftIndex from, const Error& error) {
  const auto first = std::lower_bound(waiters.begin(), waiters.end(), from,
                                      [](const AckWaiter& waiter, RaftIndex index) { return waiter.index < index; });
  for (auto it = first; it != waiters.end(); ++it) {
    effects_.produced.push_back(refusal_of(it->outcome.waiter, error));
  }
  waiters.erase(first, waiters.end());
}

} // namespace callboard::partition
