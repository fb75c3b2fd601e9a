#pragma once

#include <atomic>
#include <cstdint>

namespace callboard {

// What the node counts as a whole; written by every loop, read by /metrics.
struct NodeMetrics {
  std::atomic<std::uint64_t> connections_accepted{0};
  std::atomic<std::int64_t> connections_open{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> bytes_received{0};
  std::atomic<std::uint64_t> bytes_sent{0};
  std::atomic<std::uint64_t> protocol_errors{0};
  // Memory of requests that are not answered yet, over all connections.
  std::atomic<std::int64_t> inflight_bytes{0};

  // One connection that counts as open while this lives. `counted`: already, by whoever
  // accepted it.
  class Open {
  public:
    explicit Open(NodeMetrics& metrics, bool counted = false) : metrics_(metrics) {
      if (!counted) metrics_.connections_open.fetch_add(1, std::memory_order_relaxed);
    }
    ~Open() { metrics_.connections_open.fetch_sub(1, std::memory_order_relaxed); }
    Open(const Open&) = delete;

  private:
    NodeMetrics& metrics_;
  };

  static void add(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
    counter.fetch_add(by, std::memory_order_relaxed);
  }
};

} // namespace callboard
