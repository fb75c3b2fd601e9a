// What a cluster's events cost it, on all nodes together and on each: a change of the metadata, a node's
// death, its replicas' new homes, a join. Everything is real but threads, sockets, disks and the RPC's own
// part (tests/bench/README.md).
//   build/tests/cluster_cost_bench [NODES PARTITIONS]...     without: 10, 30 and 100 nodes, 1,000 partitions each
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "schema/assert.h"
#include "tests/bench/cluster_cost/cluster.h"

namespace callboard::bench {
namespace {

constexpr int changes = 5; // of which the mean is told
constexpr Duration long_enough = std::chrono::minutes(11);

struct Size {
  int nodes = 0;
  int partitions = 0;
};

double ms(std::int64_t ns) {
  return static_cast<double>(ns) / 1e6;
}

// A node's share is told of those that neither control nor join.
void print(const char* event, Cluster& cluster, std::optional<NodeId> apart, int times) {
  Costs all;
  std::vector<std::int64_t> others;
  for (auto& [id, node] : cluster.nodes()) {
    all += node->costs();
    if (!node->metadata().leads() && id != apart) others.push_back(node->costs().cpu());
  }
  std::sort(others.begin(), others.end());
  const auto& controller = cluster.controller().costs();
  const auto count = static_cast<std::uint64_t>(times);
  std::printf("  %-8s %9.2f %9.3f %9.3f %9.3f %8llu %9llu %9llu %8.2f", event, ms(all.cpu()) / times,
              ms(controller.cpu()) / times, ms(others[others.size() / 2]) / times, ms(others.back()) / times,
              static_cast<unsigned long long>(all.calls / count), static_cast<unsigned long long>(all.messages / count),
              static_cast<unsigned long long>(all.announcements / count), static_cast<double>(all.bytes) / 1e6 / times);
  if (apart) std::printf("   it: %.1f ms", ms(cluster.nodes().at(*apart)->costs().cpu()) / times);
  std::printf("\n           ");
  for (std::size_t i = 1; i < part_names.size(); ++i)
    std::printf("  %s %.2f/%.3f", std::string(part_names[i]).c_str(), ms(all.cpu_ns[i]) / times,
                ms(controller.cpu_ns[i]) / times);
  std::printf("\n");
  std::fflush(stdout);
}

void forget_costs(Cluster& cluster) {
  for (auto& [id, node] : cluster.nodes()) node->costs() = {};
}

void measure(const char* event, Cluster& cluster, const std::function<std::optional<NodeId>()>& happen, int times = 1) {
  forget_costs(cluster);
  std::optional<NodeId> apart;
  for (int i = 0; i < times; ++i) {
    apart = happen();
    cluster.settle();
  }
  print(event, cluster, apart, times);
  CB_ASSERT(cluster.well());
}

long rss_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

void measure(const Size& size) {
  Cluster cluster(size.nodes, size.partitions);
  std::printf("%d nodes, %d partitions of three replicas (%ld MB)\n", size.nodes, size.partitions, rss_mb());
  std::printf("  %-8s %9s %9s %9s %9s %8s %9s %9s %8s\n", "ms", "in all", "leader", "a node", "most", "calls", "raft",
              "leaders", "MB");
  print("setup", cluster, {}, 1);
  CB_ASSERT(cluster.well());
  int topics = 0;
  int altered = 0;
  measure(
      "topic", cluster,
      [&] {
        cluster.create_topic("another-topic-" + std::to_string(++topics), 100);
        return std::nullopt;
      },
      changes);
  measure(
      "config", cluster,
      [&] {
        cluster.alter_topic("another-topic-1", "retention.ms", std::to_string(1'000'000 + ++altered));
        return std::nullopt;
      },
      changes);
  measure("death", cluster, [&] {
    cluster.kill(NodeId(size.nodes / 2));
    return std::nullopt;
  });
  measure("gone", cluster, [&] {
    cluster.wait(long_enough);
    return std::nullopt;
  });
  measure("join", cluster, [&] { return std::optional(cluster.join()); });
}

} // namespace
} // namespace callboard::bench

int main(int argc, char** argv) {
  using callboard::bench::Size;
  std::vector<Size> sizes;
  for (int i = 1; i + 1 < argc; i += 2) sizes.push_back({std::atoi(argv[i]), std::atoi(argv[i + 1])});
  if (sizes.empty()) sizes = {{10, 10'000}, {30, 30'000}, {100, 100'000}};
  for (const auto& size : sizes) callboard::bench::measure(size);
  return 0;
}
