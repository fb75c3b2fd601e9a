#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "schema/time.h"

namespace callboard {

enum class ActorKind : std::uint8_t {
  node,
  listener,
  connection,
  partition,
  writer,
  reader,
  compactor,
  scrubber,
  metadata,
  loop,
  state,
  coordinator,
  group,
  membership,
  peer_link,
  catch_up
};
const char* name_of(ActorKind kind);

// What every actor counts about itself, always on: read by anyone without asking the
// actor, so also while it is stuck. Depth is enqueued - handled.
//
// The age of the oldest waiting message comes from one sample at a time: an enqueue
// that finds no sample pending marks itself (its number and the time); when it has been
// handled the sample is free again. So it costs no clock read per message under load,
// and a message that waits is seen with an error of at most one queue's length.
class ActorStats {
public:
  void on_enqueue() noexcept {
    const auto number = enqueued_.fetch_add(1, std::memory_order_relaxed) + 1;
    if (sample_number_.load(std::memory_order_relaxed) == 0) take_sample(number);
  }
  void on_handled(std::int64_t busy_ns) noexcept {
    const auto number = handled_.load(std::memory_order_relaxed) + 1;
    handled_.store(number, std::memory_order_relaxed);
    busy_ns_.store(busy_ns_.load(std::memory_order_relaxed) + busy_ns, std::memory_order_relaxed);
    const auto sample = sample_number_.load(std::memory_order_relaxed);
    if (sample != 0 && number >= sample) sample_number_.store(0, std::memory_order_relaxed);
  }

  std::uint64_t handled() const noexcept { return handled_.load(std::memory_order_relaxed); }
  std::int64_t busy_ns() const noexcept { return busy_ns_.load(std::memory_order_relaxed); }
  std::uint64_t depth() const noexcept {
    const auto done = handled();
    const auto all = enqueued_.load(std::memory_order_relaxed);
    return all > done ? all - done : 0;
  }
  // How long the sampled message has waited; zero if none waits.
  Duration oldest_waiting(Instant now) const noexcept;

private:
  void take_sample(std::uint64_t number) noexcept;

  std::atomic<std::uint64_t> enqueued_{0};
  std::atomic<std::uint64_t> handled_{0};
  std::atomic<std::int64_t> busy_ns_{0};
  std::atomic<std::uint64_t> sample_number_{0};
  std::atomic<std::int64_t> sample_at_ns_{0};
};

// One living actor as the registry knows it.
struct ActorEntry {
  std::uint64_t id = 0;
  ActorKind kind = ActorKind::node;
  std::string name;   // "orders/3", "127.0.0.1:40312", "writer-2"
  std::string thread; // where it runs
  std::shared_ptr<const ActorStats> stats;
};

} // namespace callboard
