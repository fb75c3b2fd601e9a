// PartitionActor: what administrators ask of a partition.
#include <algorithm>

#include "actors/partition/partition_actor.h"

namespace callboard {

void PartitionActor::execute(DeleteRecordsOfPartition& message) {
  RecordsDeleted answer{message.token, ErrorCode::none, unknown_offset};
  const auto refuse = [&](ErrorCode error) {
    answer.error = error;
    send(message.from, answer);
  };
  if (stopped_) return refuse(stopped_->code);
  if (!wiring_.replica.deletable) return refuse(ErrorCode::policy_violation); // as Kafka: compact alone
  const bool all = message.offset == DeleteRecordsOfPartition::to_high_watermark;
  const auto offset = all ? replica_->high_watermark() : Offset{message.offset};
  if (offset.value < 0) return refuse(ErrorCode::offset_out_of_range);
  if (const auto error = replica_->move_log_start(offset); error != ErrorCode::none) return refuse(error);
  deletions_.push_back({std::move(message.from), message.token, offset});
  route_effects();
}

void PartitionActor::release_deletions() {
  if (!replica_->leading()) {
    refuse_deletions(stopped_ ? stopped_->code : ErrorCode::not_leader_or_follower);
    return;
  }
  const auto log_start = replica_->log_start();
  std::erase_if(deletions_, [&](const Deletion& deletion) {
    if (deletion.log_start > log_start) return false;
    send(deletion.from, RecordsDeleted{deletion.token, ErrorCode::none, log_start});
    return true;
  });
}

void PartitionActor::refuse_deletions(ErrorCode error) {
  for (auto& deletion : std::exchange(deletions_, {}))
    send(deletion.from, RecordsDeleted{deletion.token, error, unknown_offset});
}

void PartitionActor::execute(DescribeProducersOfPartition& message) {
  ProducersDescribed answer{message.token, ErrorCode::none, {}};
  if (stopped_)
    answer.error = stopped_->code;
  else if (!replica_->leading())
    answer.error = ErrorCode::not_leader_or_follower;
  else
    answer.producers = replica_->producers();
  send(message.from, std::move(answer));
}

void PartitionActor::configure(const ConfigurePartition& message) {
  if (stopped_) return;
  wiring_.replica = message.replica;
  wiring_.log = message.log;
  wiring_.retention = message.retention;
  wiring_.compaction = message.compaction;
  if (replica_) replica_->set_options(message.replica);
  send(wiring_.writer,
       ConfigureLog{wiring_.group, caf::actor(this), message.log, message.retention, message.compaction});
}

void PartitionActor::describe_log(DescribeLogOfPartition& message) {
  LogDescribed answer{message.token, 0, 0};
  if (replica_) answer.uncommitted = replica_->log_end().value - replica_->high_watermark().value;
  send(wiring_.writer, DescribeLog{wiring_.group, std::move(message.from), answer});
}

} // namespace callboard
