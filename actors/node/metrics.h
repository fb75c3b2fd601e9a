#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace callboard {

// What the node counts as a whole; written by every loop, read by /metrics.
struct NodeMetrics {
  std::atomic<std::uint64_t> connections_accepted{0};
  std::atomic<std::int64_t> connections_open{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> bytes_received{0};
  std::atomic<std::uint64_t> bytes_sent{0};
  std::atomic<std::uint64_t> protocol_errors{0};
  // Between nodes.
  std::atomic<std::int64_t> peer_links_up{0};
  std::atomic<std::uint64_t> peer_messages_sent{0};
  std::atomic<std::uint64_t> peer_bytes_sent{0};       // roughly, as raft::bytes_of() says
  std::atomic<std::uint64_t> peer_messages_dropped{0}; // link down or its queue full
  std::atomic<std::uint64_t> peer_messages_received{0};
  std::atomic<std::uint64_t> peer_messages_astray{0}; // of groups that the loop does not have
  // Replicas whose log is damaged or could not be written, out of service now; and how many
  // began anew since the start.
  std::atomic<std::int64_t> replicas_damaged{0};
  std::atomic<std::uint64_t> replicas_set_aside{0};
  std::atomic<std::uint64_t> scrubbed_bytes{0};
  std::atomic<std::uint64_t> scrub_damage_found{0};
  std::atomic<std::uint64_t> catch_up_bytes{0};  // read for replicas that are far behind
  std::atomic<std::int64_t> catch_up_waiting{0}; // replicas whose turn is to come
  // Memory of requests that are not answered yet, over all connections.
  std::atomic<std::int64_t> inflight_bytes{0};
  // The part of it that was announced and has not come in whole.
  std::atomic<std::int64_t> receiving_bytes{0};
  // Open connections within the limit: the others are an operator's, or wait.
  std::atomic<std::int64_t> connections_admitted{0};

  // One open connection, counted by whoever accepted it, uncounted when this ends. Goes
  // with the connection from door to door.
  class Open {
  public:
    explicit Open(NodeMetrics& metrics) : metrics_(&metrics) {}
    Open(Open&& other) noexcept
      : metrics_(std::exchange(other.metrics_, nullptr)), admitted_(std::exchange(other.admitted_, false)) {}
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;
    ~Open() { exempt(); }
    // It counts no more: it is another node's.
    void exempt() {
      auto* metrics = std::exchange(metrics_, nullptr);
      if (metrics == nullptr) return;
      metrics->connections_open.fetch_sub(1, std::memory_order_relaxed);
      if (admitted_) metrics->connections_admitted.fetch_sub(1, std::memory_order_relaxed);
    }

    bool admitted() const { return admitted_; }
    // True if it is one of `limit` now, or was already.
    bool admit(std::int64_t limit) {
      if (metrics_ == nullptr) return true;
      auto& all = metrics_->connections_admitted;
      auto now = all.load(std::memory_order_relaxed);
      while (!admitted_ && now < limit) admitted_ = all.compare_exchange_weak(now, now + 1, std::memory_order_relaxed);
      return admitted_;
    }

  private:
    NodeMetrics* metrics_;
    bool admitted_ = false;
  };

  static void add(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
    counter.fetch_add(by, std::memory_order_relaxed);
  }
};

} // namespace callboard
