// simulate_cluster: runs the simulation of whole nodes, one seed or many.
#include <atomic>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/simulation/cluster/world.h"
#include "tests/simulation/current_seed.h"

namespace callboard::simulation::cluster {
namespace {

constexpr std::uint64_t runs_with_every_event = 300;

const char* const usage = R"(simulate_cluster --seed N | --seeds FROM-TO    runs the simulation of these seeds
  --threads N        so many at once
  --replay           runs each seed twice and compares the two
  --keep-going       does not end at the first run that fails
  --sabotage NAME    breaks a rule on purpose: succeeds once a run has found it
  --rule RULE        .. by the checker of this rule
  --trace            prints what nodes, operators and faults do
  --group N          prints what happens in that group
  --without EVENT    --ticks N    a smaller run
)";

struct Options {
  std::uint64_t first = 1;
  std::uint64_t last = 0;
  unsigned threads = 1;
  bool replay = false;
  bool keep_going = false;
  bool traced = false;
  GroupId group;
  Sabotage sabotage = Sabotage::none;
  std::string rule;
  std::uint32_t ticks = 0;
  std::vector<Event> without;
  std::vector<Fault> without_fault;

  Scenario scenario(std::uint64_t seed) const {
    auto scenario = Scenario::draw(seed);
    scenario.sabotage = sabotage;
    scenario.traced = traced;
    scenario.base.traced = group;
    if (ticks > 0) scenario.ticks = ticks;
    for (const auto event : without) scenario.switch_off(event);
    for (const auto fault : without_fault) scenario.base.switch_off(fault);
    return scenario;
  }
};

template <class Int>
bool read_number(std::string_view text, Int& into) {
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, into);
  return !text.empty() && read.ec == std::errc() && read.ptr == end;
}

bool read_without(const std::string& name, Options& options) {
  Event event{};
  if (event_by_name(name, event)) {
    options.without.push_back(event);
    return true;
  }
  for (std::size_t i = 0; i < fault_count; ++i) {
    if (simulation::name_of(static_cast<Fault>(i)) != name) continue;
    options.without_fault.push_back(static_cast<Fault>(i));
    return true;
  }
  return false;
}

bool read_value(const std::string& name, const std::string& value, Options& options) {
  if (name == "--seed") {
    const bool read = read_number(value, options.first);
    options.last = options.first;
    return read;
  }
  if (name == "--seeds") {
    const auto dash = value.find('-');
    return dash != std::string::npos && read_number(std::string_view(value).substr(0, dash), options.first) &&
           read_number(std::string_view(value).substr(dash + 1), options.last);
  }
  if (name == "--threads") return read_number(value, options.threads) && options.threads > 0;
  if (name == "--sabotage") return sabotage_by_name(value, options.sabotage);
  if (name == "--rule") {
    options.rule = value;
    return true;
  }
  if (name == "--group") return read_number(value, options.group.value);
  if (name == "--ticks") return read_number(value, options.ticks);
  if (name == "--without") return read_without(value, options);
  return false;
}

bool read_options(const std::vector<std::string>& arguments, Options& options) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& name = arguments[i];
    if (name == "--replay") {
      options.replay = true;
    } else if (name == "--keep-going") {
      options.keep_going = true;
    } else if (name == "--trace") {
      options.traced = true;
    } else if (i + 1 == arguments.size() || !read_value(name, arguments[i + 1], options)) {
      std::fprintf(stderr, "Not understood: %s\n", name.c_str());
      return false;
    } else {
      ++i;
    }
  }
  return options.first <= options.last;
}

// Seeds from first to last, shared by some threads, until one run fails.
class Campaign {
public:
  explicit Campaign(const Options& options) : options_(options), next_seed_(options.first) {}

  bool run() {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < options_.threads; ++i) threads.emplace_back([this] { work(); });
    for (auto& thread : threads) thread.join();
    std::printf("%" PRIu64 " seeds, %" PRIu64 " clean, %" PRIu64 " events, %" PRIu64 " batches acknowledged, %" PRIu64
                " read, %" PRIu64 " orders, recovered within %u ticks\n",
                runs_, runs_ - failures_, totals_.events, totals_.acknowledged, totals_.consumed, totals_.commands,
                totals_.recovery_ticks);
    return report_strikes() && failures_ == 0;
  }
  const std::string& rule() const { return rule_; }

private:
  // An event that never strikes in so many runs would be one that the simulation only claims.
  bool report_strikes() const {
    bool all = true;
    std::string text = "struck:";
    for (std::size_t i = 0; i < event_count; ++i) {
      all &= totals_.strikes[i] > 0;
      text += " " + std::string(name_of(static_cast<Event>(i))) + " " + std::to_string(totals_.strikes[i]);
    }
    std::printf("%s\n", text.c_str());
    if (all || failures_ > 0 || runs_ < runs_with_every_event) return true;
    std::printf("FAILED: one of the events never struck\n");
    return false;
  }

  void work() {
    while (options_.keep_going || failures_ == 0) {
      const auto seed = next_seed_++;
      if (seed > options_.last) return;
      current_seed = seed;
      const auto scenario = options_.scenario(seed);
      const auto outcome = World(scenario).run();
      const bool differs = options_.replay && World(scenario).run().digest != outcome.digest;
      const std::lock_guard lock(mutex_);
      add(outcome);
      if (outcome.failed) {
        report(scenario, outcome);
      } else if (differs) {
        ++failures_;
        std::printf("seed %" PRIu64 " FAILED: run twice, it came to two different ends\n", seed);
      } else if (options_.first == options_.last) {
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
    totals_.commands += outcome.commands;
    for (std::size_t i = 0; i < event_count; ++i) totals_.strikes[i] += outcome.strikes[i];
    totals_.recovery_ticks = std::max(totals_.recovery_ticks, outcome.recovery_ticks);
  }

  void report(const Scenario& scenario, const Outcome& outcome) {
    ++failures_;
    rule_ = outcome.rule;
    std::printf("seed %" PRIu64 " FAILED: %s, %s\n  in the phase \"%s\", tick %u\n  %s\n", scenario.base.seed,
                outcome.rule.c_str(), outcome.what.c_str(), outcome.phase.c_str(), outcome.ticks,
                scenario.describe().c_str());
    std::fflush(stdout);
  }

  const Options& options_;
  std::atomic<std::uint64_t> next_seed_;
  std::atomic<std::uint64_t> failures_ = 0;
  std::mutex mutex_;
  std::uint64_t runs_ = 0;
  std::string rule_;
  Outcome totals_;
};

int simulate(const Options& options) {
  Campaign campaign(options);
  const bool clean = campaign.run();
  if (options.sabotage == Sabotage::none) return clean ? EXIT_SUCCESS : EXIT_FAILURE;
  const bool noticed = !clean && (options.rule.empty() || campaign.rule() == options.rule);
  std::printf("%s was %s\n", std::string(name_of(options.sabotage)).c_str(), noticed ? "noticed" : "NOT noticed");
  return noticed ? EXIT_SUCCESS : EXIT_FAILURE;
}

} // namespace
} // namespace callboard::simulation::cluster

int main(int argc, char** argv) {
  using namespace callboard::simulation::cluster;
  Options options;
  if (argc == 1 || !read_options({argv + 1, argv + argc}, options)) {
    std::fprintf(stderr, "%s", usage);
    return EXIT_FAILURE;
  }
  callboard::simulation::tell_seed_of_failed_assertions();
  return simulate(options);
}
