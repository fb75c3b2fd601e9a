// What decisions about a large cluster cost: 100 nodes in 5 racks, 100,000 partitions of three
// replicas in 1,000 topics. `build/tests/placement_bench`
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "cluster/metadata/controller.h"
#include "cluster/metadata/node_commands.h"
#include "cluster/metadata/topic_commands.h"

namespace callboard::bench {
namespace {

using namespace metadata;

constexpr Duration long_enough = std::chrono::minutes(11);

Uuid id(std::uint8_t kind, int number) {
  Uuid uuid;
  uuid.bytes[0] = kind;
  uuid.bytes[14] = static_cast<std::uint8_t>(number >> 8);
  uuid.bytes[15] = static_cast<std::uint8_t>(number);
  return uuid;
}

struct Cluster {
  Image image;
  LeaderTable leaders;
  Liveness liveness;
  Instant now{1};
  int topics = 0;

  Cluster(int nodes, int partitions) {
    for (int i = 1; i <= nodes; ++i) join(i);
    image.apply(*plan_controllers(image, liveness));
    for (int i = 0; i < partitions / 100; ++i) image.apply(plan(100));
    for (const auto& [name, topic] : image.topics())
      for (std::size_t i = 0; i < topic.groups.size(); ++i) {
        const auto voters = topic.placement(i).voters;
        leaders.learn({topic.groups[i], Term{1}, voters.front(), 1, voters, {}, voters});
      }
  }
  void join(int number) {
    const NodeId node(number);
    image.apply(NodeRecord{node, id(1, number), {"10.0.0.1", 9092}, {}, std::to_string(number % 5), {}});
    liveness.alive.insert(node);
  }
  MetadataRecord plan(int partitions) {
    CreateTopicCommand command;
    command.name = "a-topic-of-usual-length-" + std::to_string(++topics);
    command.partitions = partitions;
    return *plan_create_topic(image, command, {}, liveness, id(2, topics));
  }
  // All steps until there is nothing to decide; the records are applied and at once carried out.
  void work(Controller& controller, benchmark::State& state) {
    std::size_t steps = 0, records = 0, moves = 0;
    while (controller.has_work(now)) {
      const auto step = controller.step(image, now);
      ++steps;
      records += step.records.size();
      for (const auto& record : step.records) {
        controller.applying(image, record);
        image.apply(record);
      }
      for (const GroupId group : controller.moving()) {
        const auto placement = image.placement_of(group);
        const auto* known = leaders.find(group);
        LeaderAnnouncement arrived{
            group, Term{2}, placement->voters.front(), 1, placement->voters, placement->learners, placement->voters};
        if (known != nullptr) arrived.term = known->term.next();
        leaders.learn(arrived);
        controller.heard(image, arrived, now);
        ++moves;
      }
    }
    state.counters["steps"] = static_cast<double>(steps);
    state.counters["records"] = static_cast<double>(records);
    state.counters["moves"] = static_cast<double>(moves);
  }
};

void create_topic(benchmark::State& state) {
  Cluster cluster(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  for (auto _ : state) benchmark::DoNotOptimize(cluster.plan(static_cast<int>(state.range(2))));
}
BENCHMARK(create_topic)
    ->ArgNames({"nodes", "partitions", "new"})
    ->Args({10, 10'000, 1})
    ->Args({100, 100'000, 1})
    ->Args({100, 100'000, 1000})
    ->Unit(benchmark::kMicrosecond);

// A new metadata leader: looks at all there is, once, and finds it in order.
void becoming_controller(benchmark::State& state) {
  Cluster cluster(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  Controller controller(cluster.leaders);
  for (auto _ : state) controller.begin(cluster.image, cluster.liveness.alive, cluster.now);
}
BENCHMARK(becoming_controller)
    ->ArgNames({"nodes", "partitions"})
    ->Args({10, 10'000})
    ->Args({100, 100'000})
    ->Unit(benchmark::kMillisecond);

enum class Event { join, death, drain };

template <Event event>
void event_of(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    auto cluster = std::make_unique<Cluster>(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
    Controller controller(cluster->leaders);
    controller.begin(cluster->image, cluster->liveness.alive, cluster->now);
    cluster->work(controller, state);
    state.ResumeTiming();
    const NodeId node(static_cast<std::int32_t>(event == Event::join ? state.range(0) + 1 : 7));
    if (event == Event::join) {
      NodeRecord record{node, id(1, node.value), {"10.0.0.1", 9092}, {}, "1", {}};
      controller.applying(cluster->image, record);
      cluster->image.apply(record);
      controller.node_up(cluster->image, node);
    } else if (event == Event::death) {
      controller.node_down(cluster->image, node, cluster->now);
      cluster->now = cluster->now + long_enough;
      controller.tick(cluster->image, cluster->now);
      // Its groups have elected others.
      for (const auto& [name, topic] : cluster->image.topics())
        for (std::size_t i = 0; i < topic.groups.size(); ++i)
          if (const auto voters = topic.placement(i).voters; voters.front() == node)
            cluster->leaders.learn({topic.groups[i], Term{2}, voters[1], 1, voters, {}, {voters[1], voters[2]}});
    } else {
      const auto record = *plan_drain(cluster->image, node);
      controller.applying(cluster->image, record);
      cluster->image.apply(record);
    }
    cluster->work(controller, state);
    state.PauseTiming();
    cluster.reset();
    state.ResumeTiming();
  }
}
#define CALLBOARD_EVENT(name)                                                                                          \
  BENCHMARK_TEMPLATE(event_of, Event::name)                                                                            \
      ->Name(#name)                                                                                                    \
      ->ArgNames({"nodes", "partitions"})                                                                              \
      ->Args({10, 10'000})                                                                                             \
      ->Args({100, 100'000})                                                                                           \
      ->Unit(benchmark::kMillisecond)
CALLBOARD_EVENT(join);
CALLBOARD_EVENT(death);
CALLBOARD_EVENT(drain);

} // namespace
} // namespace callboard::bench

BENCHMARK_MAIN();
