// What a consumer group costs in the pure state machine: heartbeats, a rebalance, a commit.
// No disk, no threads. `build/tests/group_bench`
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "cluster/groups/group.h"

namespace callboard::bench {
namespace {

using namespace groups;

constexpr Moment start{Instant{1'000'000'000}, 1'600'000'000'000};

JoinCommand join_command(std::int64_t n, std::string member_id) {
  static const auto metadata = SharedBytes::copy_of(std::string(200, 'm'));
  JoinCommand command;
  command.waiter = static_cast<WaiterId>(n);
  command.member_id = std::move(member_id);
  command.fresh_member_id = "client-" + std::to_string(n) + "-0f8fad5b-d9cb-469f-a165-70867728950e";
  command.client_id = "client-" + std::to_string(n);
  command.client_host = "192.0.2.1";
  command.session_timeout_ms = 45'000;
  command.rebalance_timeout_ms = 300'000;
  command.protocol_type = "consumer";
  command.protocols = {{"range", metadata}, {"cooperative-sticky", metadata}};
  command.require_known_member = false;
  return command;
}

void store_all(Group& group) {
  for (auto effects = group.take_effects(); !effects.writes.empty(); effects = group.take_effects()) {
    for (const auto& write : effects.writes) group.written(write.sequence, start);
  }
}

// From the first join to the last assignment.
std::vector<std::string> form(Group& group, std::int64_t members) {
  for (std::int64_t n = 0; n < members; ++n) group.join(join_command(n, {}), start);
  const Moment later{start.at + std::chrono::seconds(1), start.wall + 1000};
  group.expire(later);
  const auto joined = group.take_effects().joined;
  std::vector<std::string> ids;
  for (const auto& outcome : joined) {
    SyncCommand sync;
    sync.waiter = outcome.waiter;
    sync.generation = outcome.generation;
    sync.member_id = outcome.member_id;
    for (const auto& member : outcome.members) sync.assignments.push_back({member.member_id, member.metadata});
    group.sync(std::move(sync), later);
    ids.push_back(outcome.member_id);
  }
  store_all(group);
  return ids;
}

void heartbeat(benchmark::State& state) {
  Group group("group");
  const auto ids = form(group, state.range(0));
  HeartbeatCommand command{1, {}, {}};
  std::size_t next = 0;
  for (auto _ : state) {
    command.member_id = ids[next++ % ids.size()];
    benchmark::DoNotOptimize(group.heartbeat(command, start));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(heartbeat)->Arg(3)->Arg(100)->Arg(10'000);

void forming(benchmark::State& state) {
  for (auto _ : state) {
    Group group("group");
    benchmark::DoNotOptimize(form(group, state.range(0)).size());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(forming)->Arg(3)->Arg(100)->Arg(10'000)->Unit(benchmark::kMicrosecond);

// A member commits ten partitions.
void commit(benchmark::State& state) {
  Group group("group");
  const auto ids = form(group, 3);
  CommitCommand command;
  command.generation = 1;
  command.member_id = ids.front();
  for (std::int32_t p = 0; p < 10; ++p) command.partitions.push_back({"orders", {}, p, Offset(7), -1, {}});
  for (auto _ : state) {
    group.commit(command, start);
    store_all(group);
  }
  state.SetItemsProcessed(state.iterations() * 10);
}
BENCHMARK(commit);

} // namespace
} // namespace callboard::bench

BENCHMARK_MAIN();
