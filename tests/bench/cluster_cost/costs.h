#pragma once

#include <array>
#include <cstdint>
#include <ctime>
#include <string_view>
#include <utility>

namespace callboard::bench {

// What a node spends its time on.
enum class Part : std::uint8_t {
  rest,     // nothing that counts
  replicas, // groups: Raft, elections, who belongs to them
  wire,     // plain structs to and from Cap'n Proto's bytes
  records,  // the metadata log into the image
  topics,   // the image into what a loop knows of its partitions
  leaders,  // who leads what, as heard
  control,  // what the controller plans
};
inline constexpr std::array<std::string_view, 7> part_names{"rest",   "replicas", "wire",   "records",
                                                            "topics", "leaders",  "control"};

struct Costs {
  std::array<std::int64_t, part_names.size()> cpu_ns{};
  std::uint64_t calls = 0;         // sent, of several messages each
  std::uint64_t messages = 0;      // of Raft, sent
  std::uint64_t announcements = 0; // of leaders, sent
  std::uint64_t bytes = 0;         // of those calls

  std::int64_t of(Part part) const { return cpu_ns[static_cast<std::size_t>(part)]; }
  std::int64_t cpu() const {
    std::int64_t sum = 0;
    for (std::size_t i = 1; i < cpu_ns.size(); ++i) sum += cpu_ns[i];
    return sum;
  }
  Costs& operator+=(const Costs& other) {
    for (std::size_t i = 0; i < cpu_ns.size(); ++i) cpu_ns[i] += other.cpu_ns[i];
    calls += other.calls;
    messages += other.messages;
    announcements += other.announcements;
    bytes += other.bytes;
    return *this;
  }
};

// One node's costs, by what the thread's own CPU clock says. That takes 0.4 us to read, so parts
// change once a batch, not once a message.
class Meter {
public:
  // Until it ends, CPU time counts for `part`, then again for the one before.
  class Doing {
  public:
    Doing(Meter& meter, Part part) : meter_(meter), before_(meter.change_to(part)) {}
    ~Doing() { meter_.change_to(before_); }
    Doing(const Doing&) = delete;
    Doing& operator=(const Doing&) = delete;

  private:
    Meter& meter_;
    Part before_;
  };

  Costs costs;

private:
  Part change_to(Part part) {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    const auto at = std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
    costs.cpu_ns[static_cast<std::size_t>(part_)] += at - since_;
    since_ = at;
    return std::exchange(part_, part);
  }

  Part part_ = Part::rest;
  std::int64_t since_ = 0;
};

} // namespace callboard::bench
