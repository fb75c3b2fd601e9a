#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/partition/messages.h"
#include "actors/runtime/hosted_actor.h"
#include "storage/node_state.h"
#include "storage/partition_log.h"

namespace callboard {

// Its own: everything staged so far is to be committed.
struct CommitStaged {};
// Its own: the next step of background work of a log.
struct BackgroundStep {
  GroupId group;
};
// Its own: `interval` logs reach the disk.
struct FlushIntervals {};
// Its own: look at a log's retention again. `due` tells it from those that an earlier one
// has made superfluous.
struct CheckRetention {
  GroupId group;
  TimestampMs due = 0;
};
// Likewise its compaction.
struct CheckCompaction {
  GroupId group;
  TimestampMs due = 0;
};
// The last message of an orderly stop: flush and close every log, then answer.
struct CloseLogs {
  caf::actor reply_to;
};
struct LogsClosed {};

// Owns the logs of its share of the groups and makes their blocking commits, on a
// thread of its own (BlockingHost). Partitions send it what is to be written; a reply
// leaves only when the disk has it.
//
// Group commit clocks itself: the first staged write sends CommitStaged behind itself,
// so whatever arrives while the disk is busy goes into the next transaction
// (decision 7). Terms and votes of all groups staged together are one commit too.
class WriterActor final : public HostedActor {
public:
  WriterActor(caf::actor_config& config, ActorRegistry& registry, std::string name, storage::NodeState& state,
              std::string directory, Duration flush_interval, caf::actor compactor);

  caf::behavior make_behavior() override;
  std::string describe() const override;

private:
  struct StagedHardState {
    caf::actor owner;
    std::uint64_t sequence = 0;
    storage::GroupUpdate update;
  };
  struct OpenedLog {
    std::unique_ptr<storage::PartitionLog> log; // null: could not be opened
    caf::actor owner;
    LogWrite staged;
    std::uint64_t staged_sequence = 0;
    std::uint64_t staged_generation = 0;
    std::uint64_t failed_generation = 0;          // writes up to here are refused unanswered
    bool failing = false;                         // said once, until a write succeeds
    std::shared_ptr<const storage::LogView> told; // the view the owner has
    storage::RetentionLimits retention;
    bool flush_pending = false;
    bool background_pending = false;
    std::optional<TimestampMs> retention_due; // a CheckRetention is on its way
    storage::CompactionLimits compaction;
    std::optional<TimestampMs> compaction_due; // a CheckCompaction is on its way
    bool compacting = false;                   // the compactor has a task of this log
    std::optional<DestroyLog> destroy_wanted;  // once it has not
    std::optional<SetLogAside> aside_wanted{}; // likewise
  };

  void open(const OpenLog& message);
  void stage_hard_state(StageHardState& message);
  void stage_write(StageWrite& message);
  void store_log_start(const StoreLogStart& message);
  void destroy(DestroyLog message);
  void remove_log(GroupId group);
  void set_aside(const SetLogAside& message);
  bool leave_wanted(const OpenedLog& opened);
  void configure(const ConfigureLog& message);
  void touch_when_due(const ConfigureLog& message);
  void describe_log(DescribeLog& message);
  void commit_staged();
  void commit_hard_states();
  void commit_log(GroupId group);
  void after_write(GroupId group, OpenedLog& opened);
  void background_step(GroupId group);
  void flush_intervals();
  void check_retention(GroupId group);
  void on_check_retention(const CheckRetention& message);
  // What time or a changed log may have made due.
  void look_after(GroupId group);
  // writer_compaction.cpp
  void store_cut(const StoreCut& message);
  void begin_compaction(GroupId group);
  void check_compaction(GroupId group);
  void arm_compaction_check(GroupId group, OpenedLog& opened, TimestampMs due);
  void on_check_compaction(const CheckCompaction& message);
  void on_segment_compacted(const SegmentCompacted& message);
  void on_compaction_done(const CompactionDone& message);
  void on_compaction_failed(const CompactionFailed& message);
  void close_logs(const CloseLogs& message);
  void arm_commit();
  std::shared_ptr<const storage::LogView> changed_view(OpenedLog& opened);
  OpenedLog* find(GroupId group);

  storage::NodeState& state_;
  std::string directory_;
  Duration flush_interval_;
  caf::actor compactor_;
  std::unordered_map<GroupId, OpenedLog> logs_;
  std::vector<StagedHardState> staged_hard_;
  std::vector<GroupId> staged_groups_;
  std::vector<GroupId> to_flush_;
  std::unordered_map<GroupId, TimestampMs> touches_; // of logs that are not open: on their way
  bool commit_armed_ = false;
  std::uint64_t commits_ = 0;
  std::uint64_t committed_bytes_ = 0;
};

} // namespace callboard

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CommitStaged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::BackgroundStep)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::FlushIntervals)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CheckRetention)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CheckCompaction)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::CloseLogs)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::LogsClosed)
