#include "tests/simulation/options.h"

#include <algorithm>
#include <charconv>

namespace callboard::simulation {
namespace {

template <class Int>
bool read_number(std::string_view text, Int& into) {
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, into);
  return !text.empty() && read.ec == std::errc() && read.ptr == end;
}

bool read_seeds(std::string_view text, Options& options) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return false;
  return read_number(text.substr(0, dash), options.first_seed) &&
         read_number(text.substr(dash + 1), options.last_seed) && options.first_seed <= options.last_seed;
}

bool read_fault(std::string_view text, Options& options) {
  for (std::size_t i = 0; i < fault_count; ++i) {
    if (name_of(static_cast<Fault>(i)) != text) continue;
    options.without.push_back(static_cast<Fault>(i));
    return true;
  }
  return false;
}

bool read_sabotage(std::string_view text, Options& options) {
  const auto found = sabotage_by_name(text);
  if (found) options.sabotage = *found;
  return found.has_value();
}

bool read_value(const std::string& name, const std::string& value, Options& options) {
  if (name == "--seed") {
    const bool read = read_number(value, options.first_seed);
    options.last_seed = options.first_seed;
    return read;
  }
  if (name == "--seeds") return read_seeds(value, options);
  if (name == "--sabotage") return read_sabotage(value, options);
  if (name == "--without") return read_fault(value, options);
  if (name == "--threads") return read_number(value, options.threads) && options.threads > 0;
  if (name == "--ticks") return read_number(value, options.ticks.emplace());
  if (name == "--groups") return read_number(value, options.groups.emplace()) && *options.groups > 0;
  if (name == "--clients") return read_number(value, options.clients.emplace());
  if (name == "--trace") return read_number(value, options.traced.value);
  return false;
}

} // namespace

const char* const usage = R"(simulate --seed N | --seeds FROM-TO    runs the simulation of these seeds
  --threads N          so many at once
  --reduce             makes the first run that fails smaller and prints how to repeat it
  --replay             runs each seed twice and compares the two
  --sabotage NAME      breaks a rule on purpose: succeeds once a run has found it
  --trace GROUP        prints what happens in that group
  --ticks N  --groups N  --clients N  --without FAULT    a smaller run
)";

Result<Options> read_options(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& name = arguments[i];
    if (name == "--reduce") {
      options.reduce = true;
    } else if (name == "--replay") {
      options.replay = true;
    } else if (i + 1 == arguments.size() || !read_value(name, arguments[i + 1], options)) {
      return Error{ErrorCode::invalid_argument, "Not understood: " + name};
    } else {
      ++i;
    }
  }
  return options;
}

Scenario Options::scenario(std::uint64_t seed) const {
  auto scenario = Scenario::draw(seed);
  scenario.sabotage = sabotage;
  scenario.traced = traced;
  scenario.ticks = ticks.value_or(scenario.ticks);
  scenario.groups = groups.value_or(scenario.groups);
  scenario.clients = std::min(clients.value_or(scenario.clients), scenario.groups);
  for (const auto fault : without) scenario.switch_off(fault);
  return scenario;
}

} // namespace callboard::simulation
