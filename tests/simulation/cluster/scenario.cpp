#include "tests/simulation/cluster/scenario.h"

#include <algorithm>
#include <cstdio>

#include "tests/simulation/random.h"

namespace callboard::simulation::cluster {
namespace {

struct EventRange {
  std::string_view name;
  double low;
  double high;
};

// In the order of Event.
constexpr std::array<EventRange, event_count> event_ranges{{
    {"crash", 1, 15},     {"crash-all", 0.5, 3}, {"absence", 0.5, 3}, {"pause", 1, 8},    {"wipe", 0.5, 4},
    {"isolation", 1, 10}, {"halves", 1, 8},      {"ring", 0.5, 6},    {"one-way", 1, 10}, {"slow-disk", 1, 8},
    {"full-disk", 1, 8},  {"broken-disk", 1, 8}, {"rot", 0.5, 4},     {"stop", 1, 8},     {"join", 1, 8},
    {"create", 5, 30},    {"remove", 0.5, 5},    {"extend", 1, 8},    {"alter", 1, 8},    {"drain", 1, 8},
    {"retire", 2, 20},    {"rebalance", 1, 10},  {"move", 2, 30},     {"elect", 1, 10},
}};

struct FaultRange {
  Fault fault;
  double low;
  double high;
};
constexpr std::array<FaultRange, 6> fault_ranges{{
    {Fault::loss, 0.001, 0.1},
    {Fault::duplication, 0.001, 0.1},
    {Fault::reordering, 0.01, 0.3},
    {Fault::delay, 0.001, 0.02},
    {Fault::drift, 0.01, 0.3},
    {Fault::torn_commit, 0.1, 0.9},
}};

constexpr std::array<std::string_view, 8> sabotage_names{
    "none",
    "founded_without_agreement",
    "promise_forgotten",
    "one_node_is_enough",
    "voter_before_it_caught_up",
    "node_id_reused",
    "two_replicas_on_one_node",
    "removed_node_readmitted",
};

constexpr double left_out = 0.4; // how often an event is no part of a run

// Small, so that windows, caches and segments overflow.
void draw_limits(simulation::Scenario& base, Random& random) {
  base.raft.rest_ticks = random.chance(0.2) ? 0 : static_cast<std::uint32_t>(random.between(2, 15));
  base.raft.message_bytes_max = static_cast<std::size_t>(random.between_magnitudes(500, 20000));
  base.raft.inflight_bytes_max = static_cast<std::size_t>(random.between_magnitudes(1000, 50000));
  base.raft.memory_bytes_max = static_cast<std::size_t>(random.between_magnitudes(1000, 50000));
  base.segment_bytes = static_cast<std::uint64_t>(random.between_magnitudes(500, 50000));
  base.cache_bytes = static_cast<std::size_t>(random.between_magnitudes(1000, 1000000));
}

} // namespace

std::string_view name_of(Event event) {
  return event_ranges[static_cast<std::size_t>(event)].name;
}

bool event_by_name(std::string_view name, Event& event) {
  for (std::size_t i = 0; i < event_count; ++i) {
    if (event_ranges[i].name != name) continue;
    event = static_cast<Event>(i);
    return true;
  }
  return false;
}

std::string_view name_of(Sabotage sabotage) {
  return sabotage_names[static_cast<std::size_t>(sabotage)];
}

bool sabotage_by_name(std::string_view name, Sabotage& sabotage) {
  const auto found = std::find(sabotage_names.begin(), sabotage_names.end(), name);
  if (found == sabotage_names.end()) return false;
  sabotage = static_cast<Sabotage>(found - sabotage_names.begin());
  return true;
}

Scenario Scenario::draw(std::uint64_t seed) {
  Scenario scenario;
  scenario.base.seed = seed;
  Random random(seed, "cluster");
  draw_limits(scenario.base, random);
  constexpr std::array<std::uint32_t, 6> founders{1, 2, 3, 3, 4, 5};
  scenario.founders = founders[random.below(founders.size())];
  scenario.spares = static_cast<std::uint32_t>(random.between(scenario.founders < 3 ? 2 : 0, 2));
  scenario.ticks = static_cast<std::uint32_t>(random.between(300, 900));
  scenario.topics_max = static_cast<std::uint32_t>(random.between(1, 4));
  scenario.replace_after_ticks = static_cast<std::uint32_t>(random.between(100, 400));
  scenario.preferred_after_ticks = static_cast<std::uint32_t>(random.between(20, 100));
  for (const auto& range : fault_ranges) {
    const auto rate = random.between_magnitudes(range.low, range.high);
    scenario.base.rates[static_cast<std::size_t>(range.fault)] = random.chance(left_out) ? 0 : rate;
  }
  for (std::size_t i = 0; i < event_count; ++i) {
    const auto rate = random.between_magnitudes(event_ranges[i].low, event_ranges[i].high);
    const bool always = static_cast<Event>(i) == Event::create;
    scenario.rates[i] = random.chance(left_out) && !always ? 0 : rate;
  }
  return scenario;
}

std::string Scenario::describe() const {
  std::string out = std::to_string(founders) + " founders, " + std::to_string(spares) + " spares, " +
                    std::to_string(topics_max) + " topics, " + std::to_string(ticks) + " ticks;";
  const auto add = [&out](std::string_view name, double rate) {
    if (rate == 0) return;
    char text[64];
    std::snprintf(text, sizeof text, " %s %.3g", std::string(name).c_str(), rate);
    out += text;
  };
  for (const auto& range : fault_ranges) add(simulation::name_of(range.fault), base.rate(range.fault));
  for (std::size_t i = 0; i < event_count; ++i) add(event_ranges[i].name, rates[i]);
  return out;
}

} // namespace callboard::simulation::cluster
