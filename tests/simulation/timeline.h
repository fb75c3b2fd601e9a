#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace callboard::simulation {

// Simulated time. A node's tick lasts `tick_length` of it if its clock runs true.
using Time = std::uint64_t;
inline constexpr Time tick_length = 100;

// What happens next: actions by time, those of the same moment in the order in which they
// were planned.
class Timeline {
public:
  using Action = std::function<void()>;

  Time now() const { return now_; }
  std::uint64_t events() const { return events_; }

  void after(Time delay, Action action) {
    queue_.push_back({now_ + delay, ++planned_, std::move(action)});
    std::push_heap(queue_.begin(), queue_.end(), later);
  }

  // Everything up to `end`, until `stop` says so.
  template <class Stop>
  void run_until(Time end, Stop stop) {
    while (!queue_.empty() && queue_.front().at <= end && !stop()) {
      std::pop_heap(queue_.begin(), queue_.end(), later);
      auto event = std::move(queue_.back());
      queue_.pop_back();
      now_ = event.at;
      ++events_;
      event.action();
    }
    if (!stop()) now_ = std::max(now_, end);
  }

private:
  struct Event {
    Time at;
    std::uint64_t order;
    Action action;
  };
  static bool later(const Event& a, const Event& b) { return std::pair(a.at, a.order) > std::pair(b.at, b.order); }

  std::vector<Event> queue_; // a heap
  Time now_ = 0;
  std::uint64_t planned_ = 0;
  std::uint64_t events_ = 0;
};

} // namespace callboard::simulation
