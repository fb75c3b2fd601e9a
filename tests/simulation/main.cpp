// simulate: runs the simulation of one seed or of many, and makes a failing run smaller.
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/simulation/current_seed.h"
#include "tests/simulation/options.h"
#include "tests/simulation/reduce.h"
#include "tests/simulation/simulation.h"

namespace callboard::simulation {
namespace {

constexpr std::uint64_t runs_with_every_fault = 300;

// Seeds from first to last, shared by some threads, until one run fails.
class Campaign {
public:
  explicit Campaign(const Options& options) : options_(options), next_seed_(options.first_seed) {}

  bool run() {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < options_.threads; ++i) threads.emplace_back([this] { work(); });
    for (auto& thread : threads) thread.join();
    std::printf("%" PRIu64 " seeds, %" PRIu64 " events, %" PRIu64 " batches acknowledged, %" PRIu64
                " read, recovered within %u ticks\n",
                runs_, totals_.events, totals_.acknowledged, totals_.consumed, totals_.recovery_ticks);
    return report_strikes() && !failed_;
  }

private:
  // A fault that never strikes in so many runs would be one that the simulation only claims.
  bool report_strikes() const {
    bool all = totals_.states_replaced > 0;
    std::string text = "struck:";
    for (std::size_t i = 0; i < fault_count; ++i) {
      all &= totals_.strikes[i] > 0;
      text += " " + std::string(name_of(static_cast<Fault>(i))) + " " + std::to_string(totals_.strikes[i]);
    }
    all &= totals_.heals > 0;
    std::printf("%s, states that were replaced %" PRIu64 ", damaged replicas that began anew %" PRIu64 "\n",
                text.c_str(), totals_.states_replaced, totals_.heals);
    if (all || failed_ || runs_ < runs_with_every_fault) return true;
    std::printf("FAILED: one of the faults never struck\n");
    return false;
  }

  void work() {
    while (!failed_) {
      const auto seed = next_seed_++;
      if (seed > options_.last_seed) return;
      current_seed = seed;
      const auto scenario = options_.scenario(seed);
      if (options_.reduce && asserts(scenario)) {
        const std::lock_guard lock(mutex_);
        failed_ = true;
        std::printf("seed %" PRIu64 " FAILED: an assertion, see above\n", seed);
        report_reduced(scenario, scenario.ticks);
        return;
      }
      const auto outcome = Simulation(scenario).run();
      const bool differs = options_.replay && Simulation(scenario).run().digest != outcome.digest;
      const std::lock_guard lock(mutex_);
      add(outcome);
      if (outcome.failed) {
        report(scenario, outcome);
      } else if (differs) {
        failed_ = true;
        std::printf("seed %" PRIu64 " FAILED: run twice, it came to two different ends\n", seed);
      } else if (options_.first_seed == options_.last_seed) {
        std::printf("seed %" PRIu64 ": %s\n  digest %016" PRIx64 ", %u ticks\n", seed, scenario.describe().c_str(),
                    outcome.digest, outcome.ticks);
      }
    }
  }

  void add(const Outcome& outcome) {
    ++runs_;
    totals_.events += outcome.events;
    totals_.acknowledged += outcome.acknowledged;
    totals_.consumed += outcome.consumed;
    for (std::size_t i = 0; i < fault_count; ++i) totals_.strikes[i] += outcome.strikes[i];
    totals_.states_replaced += outcome.states_replaced;
    totals_.heals += outcome.heals;
    totals_.recovery_ticks = std::max(totals_.recovery_ticks, outcome.recovery_ticks);
  }

  void report(const Scenario& scenario, const Outcome& outcome) {
    failed_ = true;
    std::printf("seed %" PRIu64 " FAILED: %s, %s\n  in the phase \"%s\", tick %u\n  %s\n  again: %s\n", scenario.seed,
                outcome.rule.c_str(), outcome.what.c_str(), outcome.phase.c_str(), outcome.ticks,
                scenario.describe().c_str(), scenario.command_line().c_str());
    std::fflush(stdout);
    if (options_.reduce) report_reduced(scenario, outcome.ticks);
  }

  static void report_reduced(const Scenario& scenario, std::uint32_t ticks) {
    std::fflush(stdout);
    const auto reduced = reduce(scenario, ticks);
    std::printf("  reduced: %s\n  %s\n", reduced.command_line().c_str(), reduced.describe().c_str());
  }

  const Options& options_;
  std::atomic<std::uint64_t> next_seed_;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;
  std::uint64_t runs_ = 0;
  Outcome totals_;
};

int simulate(const Options& options) {
  const bool clean = Campaign(options).run();
  if (options.sabotage == Sabotage::none) return clean ? EXIT_SUCCESS : EXIT_FAILURE;
  std::printf("%s was %s\n", std::string(name_of(options.sabotage)).c_str(), clean ? "NOT noticed" : "noticed");
  return clean ? EXIT_FAILURE : EXIT_SUCCESS;
}

} // namespace
} // namespace callboard::simulation

int main(int argc, char** argv) {
  using namespace callboard::simulation;
  const auto options = read_options({argv + 1, argv + argc});
  if (!options || argc == 1) {
    std::fprintf(stderr, "%s\n%s", options ? "" : options.error().message.c_str(), usage);
    return EXIT_FAILURE;
  }
  tell_seed_of_failed_assertions();
  return simulate(*options);
}
