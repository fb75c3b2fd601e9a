// What the pure Raft costs: proposals through a group of three in memory, and the tick of
// groups that rest. No disk, no threads. `build/tests/raft_bench`
#include <benchmark/benchmark.h>

#include <array>
#include <deque>
#include <memory>
#include <vector>

#include "cluster/partition/partition_replica.h"
#include "cluster/raft/raft.h"

namespace callboard::bench {
namespace {

constexpr int members = 3;

// Three Rafts whose disks are as fast as memory and whose network loses nothing.
class Trio {
public:
  Trio() {
    for (int id = 1; id <= members; ++id) {
      raft::Start start;
      start.group = GroupId(1);
      start.self = NodeId(id);
      start.hard.membership.voters = {NodeId(1), NodeId(2), NodeId(3)};
      rafts_[static_cast<std::size_t>(id - 1)] = std::make_unique<raft::Raft>(std::move(start));
    }
    leader().campaign();
    settle();
  }

  raft::Raft& leader() { return *rafts_[0]; }

  void settle() {
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& raft : rafts_) moved |= serve(*raft);
    }
  }

private:
  bool serve(raft::Raft& raft) {
    auto effects = raft.take_effects();
    if (effects.hard_state) raft.hard_state_stored(effects.sequence);
    if (!effects.write.empty()) raft.entries_stored(effects.sequence);
    bool moved = effects.sequence > 0;
    for (auto* messages : {&effects.messages, &effects.after_hard_state, &effects.after_write}) {
      moved |= !messages->empty();
      for (auto& message : *messages) {
        rafts_[static_cast<std::size_t>(message.to.value - 1)]->step(std::move(message));
      }
    }
    return moved;
  }

  std::array<std::unique_ptr<raft::Raft>, members> rafts_;
};

// `gathered` proposals in one call, until all three have them and know it.
void propose(benchmark::State& state) {
  Trio trio;
  const auto gathered = static_cast<std::size_t>(state.range(0));
  const auto payload = SharedBytes::copy_of(std::string(100, 'v'));
  std::vector<LogEntry> entries;
  for (auto _ : state) {
    entries.assign(gathered, {});
    auto offset = trio.leader().next_offset();
    for (auto& entry : entries) {
      entry.base_offset = offset;
      entry.offset_count = 1;
      entry.payload = payload;
      offset = offset.next();
    }
    trio.leader().propose(entries);
    trio.settle();
  }
  if (trio.leader().commit_index() != trio.leader().last_index()) state.SkipWithError("not committed");
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

// One round of ticks over replicas that rest.
void tick_resting(benchmark::State& state) {
  const auto budget = std::make_shared<partition::CacheBudget>(std::size_t{8} << 20);
  std::deque<partition::PartitionReplica> replicas;
  for (std::int64_t group = 1; group <= state.range(0); ++group) {
    partition::PartitionReplica::Start start;
    start.self = NodeId(1);
    start.group = GroupId(static_cast<std::uint64_t>(group));
    start.hard.membership.voters = {NodeId(1)};
    start.cache_budget = budget;
    start.raft.rest_ticks = 1;
    auto& replica = replicas.emplace_back(std::move(start));
    replica.campaign();
    replica.hard_state_stored(replica.take_effects().sequence);
    replica.written(replica.take_effects().sequence);
    replica.tick();
    if (!replica.resting()) state.SkipWithError("does not rest");
  }
  for (auto _ : state) {
    for (auto& replica : replicas) replica.tick();
  }
}

BENCHMARK(propose)->Arg(1)->Arg(64)->Arg(1024);
BENCHMARK(tick_resting)->Arg(10000)->Unit(benchmark::kMicrosecond);

} // namespace
} // namespace callboard::bench

BENCHMARK_MAIN();
