// PartitionReplica: the state that the log is applied to, on its way to who lacks it.
#include <utility>

#include "cluster/partition/partition_replica.h"

namespace callboard::partition {
namespace {

constexpr std::uint32_t ask_again_ticks = 10;
// The leader sends its snapshot again, if it still is one.
constexpr std::uint32_t give_up_ticks = 20 * ask_again_ticks;
constexpr std::uint32_t demand_ticks = 200;

const raft::Snapshot& snapshot_of(const raft::Message& message) {
  return *std::get<raft::InstallSnapshot>(message.body).snapshot;
}

} // namespace

// True: this snapshot waits here for its state.
bool PartitionReplica::hold_for_state(raft::Message& message) {
  if (!keeps_state_ || !raft_.would_install(message)) return false;
  if (snapshot_of(message).next_offset <= kept_to_) return false;
  if (!transfer_) {
    transfer_.emplace();
    transfer_->snapshot = std::move(message);
    ask_for_state();
  } else if (message.term > transfer_->snapshot.term) {
    transfer_->snapshot = std::move(message);
    if (!transfer_->storing) ask_for_state();
  }
  return true;
}

void PartitionReplica::ask_for_state() {
  auto& transfer = *transfer_;
  // Of a later leader, whose log begins behind what is here.
  if (transfer.applied.value > 0 && transfer.next_offset < snapshot_of(transfer.snapshot).next_offset)
    transfer.start_over();
  transfer.silent_ticks = 0;
  effects_.messages.push_back(
      {raft_group_, raft_.self(), transfer.snapshot.from, raft_.term(), raft::StateRequest{transfer.after}});
}

void PartitionReplica::tick_transfer() {
  if (demand_ticks_ > 0) --demand_ticks_;
  if (!transfer_ || transfer_->storing) return;
  ++transfer_->silent_ticks;
  ++transfer_->waited_ticks;
  if (transfer_->waited_ticks >= give_up_ticks)
    transfer_.reset();
  else if (transfer_->silent_ticks >= ask_again_ticks)
    ask_for_state();
}

void PartitionReplica::receive(const raft::Message& message, const raft::StateRequest& request) {
  if (!keeps_state_ || !leading() || !raft_.membership().contains(message.from)) {
    ++refused_messages_;
    return;
  }
  demand_ticks_ = demand_ticks;
  effects_.state_reads.push_back({message.from, request.after});
}

void PartitionReplica::receive(const raft::Message& message, raft::StatePart& part) {
  // A late one, or doubled; or the leader's own state has not come that far yet.
  if (!transfer_ || transfer_->storing || part.after != transfer_->after || message.from != transfer_->snapshot.from ||
      part.applied.value == 0 || part.next_offset < snapshot_of(transfer_->snapshot).next_offset)
    return;
  auto last = part.after;
  for (const auto& row : part.rows) {
    if (row.key <= last || !row.value) {
      ++refused_messages_;
      return;
    }
    last = row.key;
  }
  if (part.more && part.rows.empty()) return;
  auto& transfer = *transfer_;
  if (transfer.applied.value == 0 || part.applied < transfer.applied) {
    transfer.applied = part.applied;
    transfer.next_offset = part.next_offset;
  }
  transfer.storing = true;
  transfer.waited_ticks = 0;
  StateStep step{part.after.empty(), std::move(part.rows), std::nullopt};
  if (!part.more) step.complete = AppliedTo{transfer.applied, transfer.next_offset};
  transfer.complete = !part.more;
  transfer.after = std::move(last);
  effects_.state_step = std::move(step);
}

void PartitionReplica::state_read(NodeId to, raft::StatePart part) {
  if (stopped_ || !leading()) return;
  effects_.messages.push_back({raft_group_, raft_.self(), to, raft_.term(), std::move(part)});
}

void PartitionReplica::state_stored(bool stored) {
  if (stopped_ || !transfer_ || !transfer_->storing) return;
  transfer_->storing = false;
  if (!stored) {
    transfer_->start_over(); // asked again with a later tick
  } else if (!transfer_->complete) {
    ask_for_state();
  } else {
    state_kept(transfer_->next_offset);
    auto snapshot = std::move(transfer_->snapshot);
    transfer_.reset();
    step(std::move(snapshot));
  }
}

} // namespace callboard::partition
