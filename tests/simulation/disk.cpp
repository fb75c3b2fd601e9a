#include "tests/simulation/disk.h"

#include <utility>

namespace callboard::simulation {
namespace {

constexpr double flushed_share = 0.2; // of commits, those after which the log is flushed
constexpr Time usual_commit_max = 40;
constexpr Time slow_commit_max = 15 * tick_length;

} // namespace

Disk::Disk(Timeline& timeline, const Scenario& scenario, Findings& findings, NodeId node)
  : timeline_(timeline), scenario_(scenario), findings_(findings),
    random_(scenario.seed, "disk", static_cast<std::uint64_t>(node.value)) {}

const StoredGroup* Disk::find(GroupId group) const {
  const auto found = groups_.find(group);
  return found == groups_.end() ? nullptr : &found->second;
}

StoredGroup& Disk::create(GroupId group, HardState hard) {
  return groups_.emplace(group, StoredGroup{std::move(hard), storage::MemoryLog(scenario_.segment_bytes)})
      .first->second;
}

void Disk::remove(GroupId group) {
  forget_staged(group);
  groups_.erase(group);
}

void Disk::forget_staged(GroupId group) {
  failed_generation_.erase(group);
  unusable_.erase(group);
  const auto of_group = [group](const Staged& staged) { return staged.group == group; };
  std::erase_if(staged_, of_group);
  for (auto& staged : committing_) {
    if (of_group(staged)) staged = {group};
  }
}

void Disk::stage(Staged staged) {
  const auto failed = failed_generation_.find(staged.group);
  if (unusable_.contains(staged.group)) return;
  if (failed != failed_generation_.end() && staged.generation <= failed->second) {
    staged.write = {};
    staged.after_write.clear();
  }
  staged_.push_back(std::move(staged));
  if (committing_.empty()) begin_commit();
}

// Not behind the writes that are staged: the node's writer does not wait either.
void Disk::set_log_start(GroupId group, Offset log_start) {
  if (unusable_.contains(group)) return;
  auto& stored = groups_.at(group);
  stored.log.set_log_start(log_start);
  if (stored.flushed) stored.flushed = stored.log;
}

bool Disk::keep_state(GroupId group, const AppliedState& state) {
  if (full_) findings_.struck(Fault::full_disk);
  if (full_) return false;
  groups_.at(group).state = state;
  return true;
}

void Disk::begin_commit() {
  committing_ = std::exchange(staged_, {});
  const auto duration = random_.between(1, slow_ ? slow_commit_max : usual_commit_max);
  timeline_.after(duration, [this, process = process_] {
    if (process == process_) finish_commit();
  });
}

void Disk::finish_commit() {
  if (timeline_.now() < paused_until_) {
    timeline_.after(paused_until_ - timeline_.now(), [this, process = process_] {
      if (process == process_) finish_commit();
    });
    return;
  }
  auto batch = committing_;
  store_hard_states(batch);
  store_writes(batch);
  committing_.clear();
  if (!staged_.empty()) begin_commit();
}

void Disk::store_hard_states(std::vector<Staged>& batch) {
  const bool broken = std::exchange(break_hard_states_, false);
  for (auto& staged : batch) {
    if (!staged.hard) continue;
    if (broken) {
      unusable_.insert(staged.group);
    } else {
      store_hard_state(staged);
    }
  }
  for (auto& staged : batch) {
    if (!staged.hard) continue;
    if (broken) {
      client_->unusable(staged.group, {ErrorCode::storage_io, "A hard state could not be written."});
    } else {
      client_->release(std::move(staged.after_hard_state));
      client_->hard_state_stored(staged.group, staged.sequence);
    }
  }
}

void Disk::store_hard_state(const Staged& staged) {
  const auto group = groups_.find(staged.group);
  if (group == groups_.end()) return;
  group->second.hard = *staged.hard;
  if (scenario_.sabotage == Sabotage::vote_not_persisted) group->second.hard.vote = no_node;
}

void Disk::store_writes(std::vector<Staged>& batch) {
  auto writes = merged_writes(batch);
  for (auto& [group, write] : writes) {
    if (unusable_.contains(group) || !groups_.contains(group)) continue;
    std::vector<raft::Message> promised;
    const Staged* last = nullptr;
    for (auto& staged : batch) {
      if (staged.group != group || staged.write.empty()) continue;
      last = &staged;
      promised.insert(promised.end(), staged.after_write.begin(), staged.after_write.end());
    }
    if (const auto stored = store_write(group, write); !stored) {
      fail(*last, stored.error());
    } else {
      client_->release(std::move(promised));
      client_->written(group, last->sequence);
    }
  }
}

Status Disk::store_write(GroupId group, const LogWrite& write) {
  if (std::exchange(break_write_, false)) {
    findings_.struck(Fault::broken_disk);
    unusable_.insert(group);
    return Error{ErrorCode::storage_io, "A write failed."};
  }
  if (full_) findings_.struck(Fault::full_disk);
  if (full_) return Error{ErrorCode::storage_full, "No space is left on the disk."};
  auto& stored = groups_.at(group);
  auto written = stored.log.write(write);
  const bool loses = scenario_.rate(Fault::power_cut) > 0;
  if (written && loses && (write.reset || random_.chance(flushed_share))) stored.flushed = stored.log;
  return written;
}

void Disk::lose(StoredGroup& stored, storage::MemoryLog left) {
  stored.lost_upto = std::max(stored.lost_upto, stored.log.last_index());
  stored.log = std::move(left);
  ++stored.hard.life;
  stored.hard.recovering = true;
}

void Disk::set_aside(GroupId group) {
  forget_staged(group);
  auto& stored = groups_.at(group);
  lose(stored, storage::MemoryLog(scenario_.segment_bytes));
  stored.flushed.reset();
  stored.rotten = stored.altered = false;
}

void Disk::cut_power(GroupId group, bool loses) {
  auto& stored = groups_.at(group);
  auto left = stored.flushed.value_or(storage::MemoryLog(scenario_.segment_bytes));
  lose(stored, loses ? std::move(left) : stored.log);
}

void Disk::fail(const Staged& last, const Error& error) {
  failed_generation_[last.group] = last.generation;
  for (auto& staged : staged_) {
    if (staged.group != last.group || staged.generation > last.generation) continue;
    staged.write = {};
    staged.after_write.clear();
  }
  client_->write_failed(last.group, last.generation, error);
}

std::map<GroupId, LogWrite> Disk::merged_writes(std::vector<Staged>& batch) {
  std::map<GroupId, LogWrite> merged;
  for (const auto& staged : batch) {
    if (!staged.write.empty()) merged[staged.group].append(LogWrite(staged.write));
  }
  return merged;
}

void Disk::crash() {
  ++process_;
  staged_.clear();
  auto batch = std::exchange(committing_, {});
  failed_generation_.clear();
  const double torn = scenario_.rate(Fault::torn_commit);
  const bool hard_states = random_.chance(torn) && !break_hard_states_;
  if (hard_states) {
    if (!batch.empty()) findings_.struck(Fault::torn_commit);
    for (const auto& staged : batch) {
      if (staged.hard) store_hard_state(staged);
    }
    for (const auto& [group, write] : merged_writes(batch)) {
      if (unusable_.contains(group) || !random_.chance(torn)) continue;
      if (groups_.contains(group)) static_cast<void>(store_write(group, write));
    }
  }
  unusable_.clear();
  break_write_ = break_hard_states_ = false;
  paused_until_ = 0;
}

void Disk::repair() {
  slow_ = full_ = break_write_ = break_hard_states_ = false;
}

} // namespace callboard::simulation
