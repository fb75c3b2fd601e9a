// simulate_forming: nodes that come to belong to a cluster, for many seeds or for every
// order of three.
#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/forming/world.h"

namespace callboard::simulation::forming {
namespace {

struct Options {
  std::uint64_t first = 1;
  std::uint64_t last = 0;
  bool all_of_three = false;
  bool trace = false;
  Sabotage sabotage = Sabotage::none;
};

const char* const usage = R"(simulate_forming --seeds FROM-TO | --seed N | --all-of-three
  --trace              prints what every node says
  --sabotage NAME      breaks a rule on purpose: succeeds once a run has found it
)";

bool read_number(std::string_view text, std::uint64_t& into) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), into);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

bool read_value(const std::string& name, const std::string& value, Options& options) {
  if (name == "--seed") {
    const bool read = read_number(value, options.first);
    options.last = options.first;
    return read;
  }
  if (name == "--seeds") {
    const auto dash = value.find('-');
    return dash != std::string::npos && read_number(value.substr(0, dash), options.first) &&
           read_number(value.substr(dash + 1), options.last);
  }
  const auto found = std::find(sabotage_names.begin(), sabotage_names.end(), value);
  if (name != "--sabotage" || found == sabotage_names.end()) return false;
  options.sabotage = static_cast<Sabotage>(found - sabotage_names.begin());
  return true;
}

std::optional<Options> read_options(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--all-of-three") {
      options.all_of_three = true;
    } else if (arguments[i] == "--trace") {
      options.trace = true;
    } else if (i + 1 == arguments.size() || !read_value(arguments[i], arguments[i + 1], options)) {
      return std::nullopt;
    } else {
      ++i;
    }
  }
  if (!options.all_of_three && options.first > options.last) return std::nullopt;
  return options;
}

// Runs until one fails.
class Campaign {
public:
  explicit Campaign(const Options& options) : options_(options) {}

  bool run() {
    const bool clean = options_.all_of_three ? run_all_of_three() : run_seeds();
    std::printf("%" PRIu64 " runs, %" PRIu64 " events, %" PRIu64 " clusters founded, all belonged within %" PRIu64
                " ticks after the last fault\n",
                runs_, totals_.events, totals_.founded, totals_.formed_within);
    return clean;
  }

private:
  bool run_seeds() {
    for (auto seed = options_.first; seed <= options_.last; ++seed) {
      if (!run_one(Scenario::draw(seed), "seed " + std::to_string(seed))) return false;
    }
    return true;
  }

  bool run_all_of_three() {
    for (auto& scenario : Scenario::all_of_three()) {
      if (!run_one(std::move(scenario), "one of three")) return false;
    }
    return true;
  }

  bool run_one(Scenario scenario, const std::string& name) {
    scenario.sabotage = options_.sabotage;
    scenario.traced = options_.trace;
    const auto outcome = World(scenario).run();
    ++runs_;
    totals_.events += outcome.events;
    totals_.founded += outcome.founded;
    if (scenario.told != Told::balanced) totals_.formed_within = std::max(totals_.formed_within, outcome.formed_within);
    if (outcome.failure.empty()) return true;
    std::printf("%s FAILED: %s\n  %s\n", name.c_str(), outcome.failure.c_str(), scenario.describe().c_str());
    return false;
  }

  const Options& options_;
  std::uint64_t runs_ = 0;
  Outcome totals_;
};

} // namespace
} // namespace callboard::simulation::forming

int main(int argc, char** argv) {
  using namespace callboard::simulation::forming;
  const auto options = read_options({argv + 1, argv + argc});
  if (!options) {
    std::fputs(usage, stderr);
    return EXIT_FAILURE;
  }
  const bool clean = Campaign(*options).run();
  return clean == (options->sabotage == Sabotage::none) ? EXIT_SUCCESS : EXIT_FAILURE;
}
