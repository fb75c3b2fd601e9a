// WriterActor: compaction, between the partition that decides it, the log and the compactor.
#include "actors/runtime/clock.h"
#include "actors/runtime/log.h"
#include "actors/storage/writer_actor.h"
#include "storage/compaction_job.h"
#include "storage/log_reader.h"

namespace callboard {
namespace {

// Looking at a log more often than this gains nothing.
constexpr std::int64_t check_ms_min = 1000;
// For a leader, or for room on the disk.
constexpr std::int64_t retry_ms = 60'000;

// Nobody can use the log any more. A new file that cannot be written is no damage.
bool is_damage(const Error& error) {
  return error.code == ErrorCode::corrupt_storage || error.code == ErrorCode::newer_format;
}

} // namespace

void WriterActor::store_cut(const StoreCut& message) {
  auto* opened = find(message.group);
  if (opened == nullptr) return;
  opened->log->set_cut(message.cut);
  begin_compaction(message.group);
}

void WriterActor::begin_compaction(GroupId group) {
  auto* opened = find(group);
  if (opened == nullptr || opened->compacting) return;
  std::shared_ptr<storage::CompactionTask> task = opened->log->begin_compaction();
  if (!task) return;
  opened->compacting = true;
  send(compactor_, CompactLog{caf::actor(this), std::move(task)});
}

void WriterActor::check_compaction(GroupId group) {
  auto* opened = find(group);
  if (opened == nullptr || opened->compacting) return;
  const auto now = wall_now();
  const auto plan = storage::plan_compaction(opened->log->manifest(), opened->compaction, now);
  if (plan.upto) {
    send(opened->owner, CompactPartition{*plan.upto});
    arm_compaction_check(group, *opened, now + retry_ms);
  } else if (plan.next_check) {
    arm_compaction_check(group, *opened, std::max(*plan.next_check, now + check_ms_min));
  }
}

void WriterActor::arm_compaction_check(GroupId group, OpenedLog& opened, TimestampMs due) {
  if (opened.compaction_due && *opened.compaction_due <= due) return;
  opened.compaction_due = due;
  delayed_send(this, std::chrono::milliseconds(due - wall_now()), CheckCompaction{group, due});
}

void WriterActor::on_check_compaction(const CheckCompaction& message) {
  auto* opened = find(message.group);
  if (opened == nullptr || opened->compaction_due != message.due) return;
  opened->compaction_due.reset();
  begin_compaction(message.group);
  check_compaction(message.group);
}

void WriterActor::on_segment_compacted(const SegmentCompacted& message) {
  auto* opened = find(message.group);
  if (opened == nullptr || opened->destroy_wanted || opened->aside_wanted) return;
  const auto installed = opened->log->install(message.segment);
  if (!installed) {
    log::error("group {}: a compacted segment cannot be put in place: {}", message.group.value,
               installed.error().message);
    opened->log->abandon_compaction();
    if (installed.error().code != ErrorCode::storage_full) send(opened->owner, LogUnusable{installed.error()});
    return;
  }
  if (auto view = changed_view(*opened)) send(opened->owner, ViewChanged{std::move(view)});
  after_write(message.group, *opened);
}

void WriterActor::on_compaction_done(const CompactionDone& message) {
  auto* opened = find(message.group);
  if (opened == nullptr) return;
  opened->compacting = false;
  if (leave_wanted(*opened)) return;
  if (const auto finished = opened->log->finish_compaction(message.result); !finished) {
    log::error("group {}: its compaction cannot be recorded: {}", message.group.value, finished.error().message);
    if (finished.error().code != ErrorCode::storage_full) send(opened->owner, LogUnusable{finished.error()});
    arm_compaction_check(message.group, *opened, wall_now() + retry_ms);
    return;
  }
  if (auto view = changed_view(*opened)) send(opened->owner, ViewChanged{std::move(view), message.result.done.upto});
  look_after(message.group);
}

void WriterActor::on_compaction_failed(const CompactionFailed& message) {
  auto* opened = find(message.group);
  if (opened == nullptr) return;
  opened->compacting = false;
  if (leave_wanted(*opened)) return;
  const bool current = opened->log->compaction_task() == message.task;
  opened->log->abandon_compaction();
  if (current && is_damage(message.error)) {
    log::error("group {}: {}", message.group.value, message.error.message);
    send(opened->owner, LogUnusable{message.error});
    return;
  }
  if (current && message.error.code != ErrorCode::not_leader_or_follower) {
    log::warn("group {}: it is compacted later: {}", message.group.value, message.error.message);
    arm_compaction_check(message.group, *opened, wall_now() + retry_ms);
    return;
  }
  look_after(message.group);
}

} // namespace callboard
