#include "actors/storage/writer_actor.h"

#include <fmt/format.h>
#include <limits>

#include "actors/runtime/clock.h"
#include "actors/runtime/log.h"
#include "storage/log_reader.h"
#include "storage/quarantine.h"

namespace callboard {
namespace {

// Looking at a log's retention more often than this gains nothing.
constexpr std::int64_t retention_check_ms_min = 1000;
constexpr std::int64_t retention_retry_ms = 60'000;

} // namespace

WriterActor::WriterActor(caf::actor_config& config, ActorRegistry& registry, std::string name,
                         storage::NodeState& state, std::string directory, Duration flush_interval,
                         caf::actor compactor)
  : HostedActor(config, registry, ActorKind::writer, std::move(name)), state_(state), directory_(std::move(directory)),
    flush_interval_(flush_interval), compactor_(std::move(compactor)) {}

caf::behavior WriterActor::make_behavior() {
  return {
      handler([this](StageWrite& message) { stage_write(message); }),
      handler([this](const CommitStaged&) { commit_staged(); }),
      handler([this](StageHardState& message) { stage_hard_state(message); }),
      handler([this](const OpenLog& message) { open(message); }),
      handler([this](const StoreLogStart& message) { store_log_start(message); }),
      handler([this](DestroyLog& message) { destroy(std::move(message)); }),
      handler([this](const SetLogAside& message) { set_aside(message); }),
      handler([this](const ConfigureLog& message) { configure(message); }),
      handler([this](DescribeLog& message) { describe_log(message); }),
      handler([this](const BackgroundStep& message) { background_step(message.group); }),
      handler([this](const FlushIntervals&) { flush_intervals(); }),
      handler([this](const CheckRetention& message) { on_check_retention(message); }),
      handler([this](const StoreCut& message) { store_cut(message); }),
      handler([this](const SegmentCompacted& message) { on_segment_compacted(message); }),
      handler([this](const CompactionDone& message) { on_compaction_done(message); }),
      handler([this](const CompactionFailed& message) { on_compaction_failed(message); }),
      handler([this](const CheckCompaction& message) { on_check_compaction(message); }),
      handler([this](const CloseLogs& message) { close_logs(message); }),
      status_handler(),
  };
}

std::string WriterActor::describe() const {
  return fmt::format("{} logs open, {} commits, {} MB committed, {} groups staged", logs_.size(), commits_,
                     committed_bytes_ / 1'000'000, staged_groups_.size());
}

WriterActor::OpenedLog* WriterActor::find(GroupId group) {
  const auto found = logs_.find(group);
  return found == logs_.end() ? nullptr : &found->second;
}

void WriterActor::open(const OpenLog& message) {
  auto log = storage::PartitionLog::open(state_, message.group, directory_, message.options, wall_now());
  if (!log) {
    log::error("group {}: the log cannot be used: {}", message.group.value, log.error().message);
    send(message.from, LogUnusable{log.error()});
    return;
  }
  // Only now: opening it may have begun another life.
  auto record = state_.read(message.group);
  if (!record) {
    send(message.from, LogUnusable{record.error()});
    return;
  }
  touches_.erase(message.group);
  auto& opened = logs_[message.group];
  opened.log = std::move(*log);
  opened.owner = message.from;
  opened.retention = message.retention;
  opened.compaction = message.compaction;
  opened.told = opened.log->view();
  LogOpened answer{{}, opened.log->take_recovered(), opened.told};
  if (record.value()) answer.hard = record.value()->hard;
  send(message.from, std::move(answer));
  after_write(message.group, opened);
  look_after(message.group);
}

void WriterActor::stage_hard_state(StageHardState& message) {
  auto* opened = find(message.group);
  if (opened == nullptr) return;
  storage::GroupUpdate update;
  update.group = message.group;
  update.hard = std::move(message.hard);
  staged_hard_.push_back({opened->owner, message.sequence, std::move(update)});
  arm_commit();
}

void WriterActor::stage_write(StageWrite& message) {
  auto* opened = find(message.group);
  if (opened == nullptr || message.generation <= opened->failed_generation) return;
  if (opened->staged.empty()) {
    staged_groups_.push_back(message.group);
    opened->staged = std::move(message.write);
  } else {
    opened->staged.append(std::move(message.write));
  }
  opened->staged_sequence = message.sequence;
  opened->staged_generation = message.generation;
  arm_commit();
}

void WriterActor::arm_commit() {
  if (commit_armed_) return;
  commit_armed_ = true;
  send(this, CommitStaged{});
}

void WriterActor::commit_staged() {
  commit_armed_ = false;
  commit_hard_states();
  auto groups = std::exchange(staged_groups_, {});
  for (auto group : groups) commit_log(group);
}

void WriterActor::commit_hard_states() {
  if (staged_hard_.empty()) return;
  auto staged = std::exchange(staged_hard_, {});
  std::vector<storage::GroupUpdate> updates;
  updates.reserve(staged.size());
  for (const auto& hard : staged) updates.push_back(hard.update);
  const auto stored = state_.commit(updates);
  for (const auto& hard : staged) {
    if (stored) {
      send(hard.owner, HardStateStored{hard.sequence});
      continue;
    }
    // What was to be stored behind it never is.
    if (auto* opened = find(hard.update.group)) {
      opened->staged = {};
      opened->failed_generation = std::numeric_limits<std::uint64_t>::max();
    }
    send(hard.owner, LogUnusable{stored.error()});
  }
}

void WriterActor::commit_log(GroupId group) {
  auto* opened = find(group);
  if (opened == nullptr || opened->staged.empty()) return;
  const auto write = std::exchange(opened->staged, {});
  const auto written = opened->log->write(write, wall_now());
  ++commits_;
  if (!written) {
    if (!std::exchange(opened->failing, true))
      log::error("group {}: a write of {} bytes failed: {}", group.value, write.payload_bytes(),
                 written.error().message);
    opened->failed_generation = opened->staged_generation;
    send(opened->owner, WriteFailed{opened->staged_generation, written.error()});
    return;
  }
  if (std::exchange(opened->failing, false)) log::info("group {}: it is written to again", group.value);
  committed_bytes_ += write.payload_bytes();
  Written answer;
  answer.sequence = opened->staged_sequence;
  answer.view = changed_view(*opened);
  const bool rolled = answer.view != nullptr;
  send(opened->owner, std::move(answer));
  after_write(group, *opened);
  if (rolled) look_after(group);
}

void WriterActor::after_write(GroupId group, OpenedLog& opened) {
  if (opened.log->needs_sync() && !opened.flush_pending) {
    opened.flush_pending = true;
    if (to_flush_.empty()) delayed_send(this, flush_interval_, FlushIntervals{});
    to_flush_.push_back(group);
  }
  if (opened.log->has_background_work() && !opened.background_pending) {
    opened.background_pending = true;
    send(this, BackgroundStep{group});
  }
}

std::shared_ptr<const storage::LogView> WriterActor::changed_view(OpenedLog& opened) {
  auto view = opened.log->view();
  if (view == opened.told) return nullptr;
  opened.told = view;
  return view;
}

void WriterActor::background_step(GroupId group) {
  auto* opened = find(group);
  if (opened == nullptr) return;
  opened->background_pending = false;
  const auto more = opened->log->run_background_step();
  if (!more) {
    log::error("group {}: {}", group.value, more.error().message);
    send(opened->owner, LogUnusable{more.error()});
    return;
  }
  if (auto view = changed_view(*opened)) {
    send(opened->owner, ViewChanged{std::move(view)});
    look_after(group);
  }
  if (opened->log->has_background_work()) {
    opened->background_pending = true;
    send(this, BackgroundStep{group});
  }
}

void WriterActor::flush_intervals() {
  for (auto group : std::exchange(to_flush_, {})) {
    auto* opened = find(group);
    if (opened == nullptr) continue;
    opened->flush_pending = false;
    if (const auto synced = opened->log->sync(); !synced) {
      log::error("group {}: {}", group.value, synced.error().message);
      send(opened->owner, LogUnusable{synced.error()});
    }
  }
}

void WriterActor::look_after(GroupId group) {
  check_retention(group);
  begin_compaction(group);
  check_compaction(group);
}

void WriterActor::check_retention(GroupId group) {
  auto* opened = find(group);
  if (opened == nullptr) return;
  const auto now = wall_now();
  const auto& log = *opened->log;
  const auto plan = storage::plan_retention(log.manifest(), log.active_extent(), opened->retention, now);
  if (plan.active_expired) opened->log->roll_at_next_write();
  if (plan.log_start) send(opened->owner, TrimPartition{*plan.log_start});
  if (!plan.next_check && !plan.log_start) return;
  // What is to go may have to wait for a leader or for room: look again.
  auto due = now + retention_retry_ms;
  if (plan.next_check && !plan.log_start) due = std::max(*plan.next_check, now + retention_check_ms_min);
  if (opened->retention_due && *opened->retention_due <= due) return;
  opened->retention_due = due;
  delayed_send(this, std::chrono::milliseconds(due - now), CheckRetention{group, due});
}

void WriterActor::on_check_retention(const CheckRetention& message) {
  auto* opened = find(message.group);
  if (opened == nullptr || opened->retention_due != message.due) return;
  opened->retention_due.reset();
  check_retention(message.group);
}

void WriterActor::store_log_start(const StoreLogStart& message) {
  auto* opened = find(message.group);
  if (opened == nullptr) return;
  if (const auto stored = opened->log->set_log_start(message.log_start); !stored) {
    log::error("group {}: the log start cannot be stored: {}", message.group.value, stored.error().message);
    if (stored.error().code != ErrorCode::storage_full) send(opened->owner, LogUnusable{stored.error()});
    return;
  }
  if (auto view = changed_view(*opened)) {
    send(opened->owner, ViewChanged{std::move(view)});
    if (const auto& segments = opened->log->manifest().segments; !segments.empty())
      send(opened->owner, PrefixRemoved{segments.front().first_index, segments.front().base_offset});
  }
  after_write(message.group, *opened);
  look_after(message.group);
}

void WriterActor::configure(const ConfigureLog& message) {
  auto* opened = find(message.group);
  if (opened == nullptr) {
    touch_when_due(message);
    return;
  }
  opened->log->set_options(message.options);
  opened->retention = message.retention;
  opened->compaction = message.compaction;
  look_after(message.group);
}

// A log that is not open keeps its new limits all the same.
void WriterActor::touch_when_due(const ConfigureLog& message) {
  const auto record = state_.read(message.group);
  if (!record || !*record) return;
  const auto now = wall_now();
  const auto& manifest = (*record)->manifest;
  const auto retention = storage::plan_retention(manifest, std::nullopt, message.retention, now);
  const auto compaction = storage::plan_compaction(manifest, message.compaction, now);
  const bool at_once = retention.log_start || compaction.upto;
  if (!at_once && !retention.next_check && !compaction.next_check) return;
  constexpr auto never = std::numeric_limits<TimestampMs>::max();
  const auto next = std::min(retention.next_check.value_or(never), compaction.next_check.value_or(never));
  const auto due = at_once ? now : std::max(next, now);
  const auto [touch, added] = touches_.emplace(message.group, due);
  if (!added && touch->second <= due) return;
  touch->second = due;
  delayed_send(message.from, std::chrono::milliseconds(due - now), TouchPartition{});
}

void WriterActor::describe_log(DescribeLog& message) {
  if (const auto* opened = find(message.group)) {
    message.answer.bytes = storage::disk_bytes(directory_, message.group, opened->log->manifest());
  } else if (const auto record = state_.read(message.group); record && *record) {
    message.answer.bytes = storage::disk_bytes(directory_, message.group, (*record)->manifest);
  }
  send(message.from, message.answer);
}

void WriterActor::destroy(DestroyLog message) {
  touches_.erase(message.group);
  auto* opened = find(message.group);
  if (opened != nullptr && opened->compacting) {
    opened->destroy_wanted = std::move(message);
    send(compactor_, CancelCompaction{opened->destroy_wanted->group});
    return;
  }
  // What would be written behind it would be found at the next start.
  std::erase_if(staged_hard_, [&](const StagedHardState& staged) { return staged.update.group == message.group; });
  remove_log(message.group);
  if (message.from) send(message.from, LogDestroyed{message.group});
}

void WriterActor::remove_log(GroupId group) {
  if (find(group) == nullptr) {
    // Never opened in this life: open it just to remove what is there.
    auto log = storage::PartitionLog::open(state_, group, directory_, {}, wall_now());
    if (!log) {
      log::warn("group {}: its files stay behind: {}", group.value, log.error().message);
      return;
    }
    logs_[group].log = std::move(*log);
  }
  auto node = logs_.extract(group);
  if (const auto gone = node.mapped().log->destroy(); !gone)
    log::warn("group {}: its files stay behind: {}", group.value, gone.error().message);
}

// What waits to be committed of it is of the life that ends.
void WriterActor::set_aside(const SetLogAside& message) {
  std::erase_if(staged_hard_, [&](const StagedHardState& staged) { return staged.update.group == message.group; });
  const auto found = logs_.find(message.group);
  if (found != logs_.end() && found->second.compacting) {
    found->second.aside_wanted = message;
    send(compactor_, CancelCompaction{message.group});
    return;
  }
  logs_.erase(message.group);
  auto moved = storage::set_aside(state_, message.group, directory_);
  if (moved)
    send(message.from, LogSetAside{ok_status(), std::move(*moved)});
  else
    send(message.from, LogSetAside{moved.error(), {}});
}

// The compactor has let go of it: what had to wait for that.
bool WriterActor::leave_wanted(const OpenedLog& opened) {
  if (opened.destroy_wanted) {
    destroy(*opened.destroy_wanted);
    return true;
  }
  if (!opened.aside_wanted) return false;
  set_aside(SetLogAside(*opened.aside_wanted));
  return true;
}

void WriterActor::close_logs(const CloseLogs& message) {
  commit_staged();
  for (auto& [group, opened] : logs_)
    if (const auto closed = opened.log->close(); !closed)
      log::error("group {}: {}", group.value, closed.error().message);
  logs_.clear();
  send(message.reply_to, LogsClosed{});
}

} // namespace callboard
