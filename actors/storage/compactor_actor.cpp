#include "actors/storage/compactor_actor.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "actors/runtime/clock.h"
#include "actors/storage/writer_actor.h"

namespace callboard {
namespace {

// After a long step, one that waited for the disk.
constexpr Duration pause_max = std::chrono::milliseconds(100);

// Unknown to whoever chooses keys.
std::uint64_t random_seed() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

} // namespace

CompactorActor::CompactorActor(caf::actor_config& config, ActorRegistry& registry, std::string name,
                               std::size_t key_bytes_max)
  : HostedActor(config, registry, ActorKind::compactor, std::move(name)), key_bytes_max_(key_bytes_max) {}

caf::behavior CompactorActor::make_behavior() {
  return {
      handler([this](CompactLog& message) { accept(message); }),
      handler([this](const CancelCompaction& message) { cancel(message); }),
      handler([this](const CompactionStep&) { step(); }),
      handler([this](const CloseLogs& message) { close(message.reply_to); }),
      status_handler(),
  };
}

std::string CompactorActor::describe() const {
  const auto now =
      running_ ? fmt::format("compacts group {}, {} wait", running_->job.task().group.value, waiting_.size()) : "idle";
  return fmt::format("{}; {} passes, {} segments of {} MB written", now, passes_, segments_, bytes_ / 1'000'000);
}

void CompactorActor::accept(CompactLog& message) {
  if (closed_) return;
  waiting_.push_back(std::move(message));
  begin_next();
}

void CompactorActor::begin_next() {
  if (!running_ && !waiting_.empty()) {
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    running_.reset(new Running{std::move(next.from), {std::move(*next.task), key_bytes_max_, random_seed()}});
  }
  if (!running_ || step_armed_) return;
  step_armed_ = true;
  delayed_send(this, pause_, CompactionStep{});
}

void CompactorActor::step() {
  step_armed_ = false;
  if (!running_) return;
  auto& job = running_->job;
  const auto group = job.task().group;
  const auto begun = monotonic_now();
  const auto stepped = job.step();
  pause_ = std::clamp(monotonic_now() - begun, Duration::zero(), pause_max);
  if (!stepped) {
    fail(running_->from, job.task(), stepped.error());
    running_.reset();
  } else if (*stepped == storage::CompactionJob::Step::segment) {
    auto segment = job.take_segment();
    ++segments_;
    bytes_ += segment.info.bytes;
    send(running_->from, SegmentCompacted{group, std::move(segment)});
  } else if (*stepped == storage::CompactionJob::Step::done) {
    ++passes_;
    send(running_->from, CompactionDone{group, job.take_result()});
    running_.reset();
  }
  begin_next();
}

void CompactorActor::fail(const caf::actor& to, const storage::CompactionTask& task, Error error) {
  send(to, CompactionFailed{task.group, task.number, std::move(error)});
}

void CompactorActor::cancel(const CancelCompaction& message) {
  const Error cancelled{ErrorCode::shutting_down, "the compaction was cancelled"};
  std::erase_if(waiting_, [&](const CompactLog& waiting) {
    if (waiting.task->group != message.group) return false;
    fail(waiting.from, *waiting.task, cancelled);
    return true;
  });
  if (!running_ || running_->job.task().group != message.group) return;
  // Its unfinished file is gone before the answer comes.
  const auto from = running_->from;
  const auto number = running_->job.task().number;
  running_.reset();
  send(from, CompactionFailed{message.group, number, cancelled});
  begin_next();
}

void CompactorActor::close(const caf::actor& reply_to) {
  closed_ = true;
  waiting_.clear();
  running_.reset();
  send(reply_to, LogsClosed{});
}

} // namespace callboard
