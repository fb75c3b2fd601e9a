// What one batch costs in the pure replica: stamped, proposed, cached, written,
// committed, acknowledged. No disk, no threads. `build/tests/replica_bench`
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "cluster/partition/partition_replica.h"

namespace callboard::bench {
namespace {

using partition::Effects;
using partition::PartitionReplica;

constexpr NodeId self{1};

PartitionReplica leader(const partition::ReplicaOptions& options) {
  PartitionReplica::Start start;
  start.self = self;
  start.hard.membership.voters = {self};
  start.options = options;
  start.cache_budget = std::make_shared<partition::CacheBudget>(std::size_t{8} << 20);
  return PartitionReplica(std::move(start));
}

void settle(PartitionReplica& replica) {
  replica.campaign();
  replica.hard_state_stored(replica.take_effects().sequence);
  replica.written(replica.take_effects().sequence);
}

struct Batch {
  SharedBytes bytes;
  BatchHeader header;
};

Batch make_batch(std::size_t bytes, bool idempotent) {
  BatchBuilder builder(1000);
  if (idempotent) builder.producer(ProducerId(7), 0, 0);
  builder.add(std::nullopt, bytes_of(std::string(bytes - batch_header_bytes - 20, 'v')), 1000);
  Batch batch;
  batch.bytes = builder.finish();
  batch.header = *read_batch_header(batch.bytes.view());
  return batch;
}

// `gathered` batches for each look at the effects; acks=all.
void produce(benchmark::State& state, bool idempotent, bool log_append_time) {
  const auto gathered = state.range(0);
  partition::ReplicaOptions options;
  options.log_append_time = log_append_time;
  auto replica = leader(options);
  settle(replica);
  auto batch = make_batch(64 << 10, idempotent);
  std::int32_t sequence = 0;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < gathered; ++i) {
      partition::ProduceCommand command;
      command.batch = batch.bytes;
      command.header = batch.header;
      if (idempotent) command.header.base_sequence = sequence++ & 0x7fffffff;
      replica.produce(std::move(command), 2000);
    }
    const auto effects = replica.take_effects();
    replica.written(effects.sequence);
    auto answers = replica.take_effects();
    benchmark::DoNotOptimize(answers.produced.data());
  }
  state.SetItemsProcessed(state.iterations() * gathered);
}

// A consumer at the tail: parked, then woken by each commit.
void long_poll(benchmark::State& state) {
  auto replica = leader({});
  settle(replica);
  const auto batch = make_batch(64 << 10, false);
  for (auto _ : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      partition::FetchCommand fetch;
      fetch.offset = replica.high_watermark();
      fetch.park_until_bytes = 1;
      replica.fetch(fetch);
    }
    partition::ProduceCommand command;
    command.batch = batch.bytes;
    command.header = batch.header;
    replica.produce(std::move(command), 2000);
    const auto effects = replica.take_effects();
    replica.written(effects.sequence);
    auto answers = replica.take_effects();
    benchmark::DoNotOptimize(answers.fetched.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK_CAPTURE(produce, plain, false, false)->Arg(1)->Arg(8);
BENCHMARK_CAPTURE(produce, idempotent, true, false)->Arg(1)->Arg(8);
BENCHMARK_CAPTURE(produce, log_append_time, false, true)->Arg(1);
BENCHMARK(long_poll)->Arg(1)->Arg(100);

} // namespace
} // namespace callboard::bench

BENCHMARK_MAIN();
