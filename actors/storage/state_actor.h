#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "actors/runtime/hosted_actor.h"
#include "actors/storage/state_messages.h"
#include "storage/state_store.h"

namespace callboard {

// Its own: what was applied reaches the disk.
struct FlushStates {};

// Owns the states of a node's internal partitions and makes their blocking commits, on a
// thread of its own (BlockingHost). A state is flushed when 1 MiB of changes wait and
// else after `flush_interval`: what a crash takes is applied again from the log, which
// is not trimmed before StateFlushed says so. A full disk is tried again each interval.
class StateActor final : public HostedActor {
public:
  StateActor(caf::actor_config& config, ActorRegistry& registry, std::string name, Duration flush_interval);
  caf::behavior make_behavior() override;
  std::string describe() const override;

private:
  struct OpenedState {
    std::unique_ptr<storage::StateStore> store; // null: unusable
    caf::actor owner;
    std::string directory;
    std::unique_ptr<storage::StateStore> incoming; // another replica's, while it comes
    bool full_told = false;                        // in the log, until a flush succeeds
  };

  void open(const OpenState& message);
  void apply(ApplyRows& message);
  void scan(const ScanRows& message);
  void read_part(const ReadStatePart& message);
  void store_part(StoreStatePart& message);
  Status store(OpenedState& state, GroupId group, partition::StateStep& step);
  Status take_over(OpenedState& state, GroupId group, const partition::AppliedTo& as_of);
  void drop(const DropState& message);
  void flush(GroupId group, OpenedState& state);
  void flush_states();
  void close_states(const CloseStates& message);
  void give_up(GroupId group, OpenedState& state, const Error& error);
  void arm_flush();

  Duration flush_interval_;
  std::unordered_map<GroupId, OpenedState> states_;
  bool flush_armed_ = false;
  std::uint64_t rows_applied_ = 0;
  std::uint64_t flushes_ = 0;
};

} // namespace callboard

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(callboard::FlushStates)
