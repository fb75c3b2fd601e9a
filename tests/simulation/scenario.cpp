#include "tests/simulation/scenario.h"

#include <algorithm>
#include <cstdio>

#include "tests/simulation/random.h"

namespace callboard::simulation {
namespace {

struct FaultRange {
  std::string_view name;
  double low;
  double high;
};

// In the order of Fault.
constexpr std::array<FaultRange, fault_count> fault_ranges{{
    {"loss", 0.001, 0.2},    {"duplication", 0.001, 0.2}, {"reordering", 0.01, 0.5}, {"delay", 0.001, 0.05},
    {"cut", 2, 40},          {"one-way-cut", 2, 40},      {"crash", 1, 30},          {"crash-all", 0.5, 6},
    {"pause", 1, 15},        {"drift", 0.01, 0.4},        {"clock-jump", 1, 10},     {"slow-disk", 1, 15},
    {"full-disk", 1, 15},    {"broken-disk", 1, 15},      {"torn-commit", 0.1, 0.9}, {"rot", 0.5, 5},
    {"membership", 5, 100},  {"transfer", 2, 60},         {"retention", 5, 150},     {"lasting", 0.5, 1},
    {"short-reign", 0.3, 1}, {"parting", 0.3, 1},         {"power-cut", 1, 20},      {"altered", 2, 20},
}};

constexpr std::array<std::string_view, 13> sabotage_names{
    "none",
    "vote_not_persisted",
    "earlier_term_committed_by_count",
    "acknowledged_before_the_write",
    "producer_state_not_undone",
    "duplicate_acknowledged_early",
    "membership_without_joint",
    "stopped_replica_not_announced",
    "snapshot_without_state",
    "recovering_votes",
    "earlier_lives_counted",
    "digest_not_compared",
    "leadership_assumed",
};

constexpr double left_out = 0.4;  // how often a fault is no part of a run
constexpr double crowded = 0.05;  // how often there are hundreds of groups
constexpr double unstable = 0.15; // how often leaders come and go
constexpr double changes_often = 200;
constexpr double parted = 0.15; // how often changes of members meet a cut

void draw_sizes(Scenario& scenario, Random& random) {
  scenario.nodes = random.chance(0.5) ? 3 : 5;
  scenario.replicas = scenario.nodes == 5 && random.chance(0.5) ? 5 : 3;
  scenario.ticks = static_cast<std::uint32_t>(random.between(200, 700));
  if (random.chance(crowded)) {
    scenario.groups = static_cast<std::uint32_t>(random.between(100, 300));
    scenario.ticks = 150;
  } else {
    scenario.groups = static_cast<std::uint32_t>(random.between_magnitudes(1, 25));
  }
  scenario.clients = std::min(scenario.groups, static_cast<std::uint32_t>(random.between(1, 12)));
}

// Small, so that windows, caches and segments overflow.
void draw_limits(Scenario& scenario, Random& random) {
  scenario.raft.rest_ticks = random.chance(0.2) ? 0 : static_cast<std::uint32_t>(random.between(2, 15));
  scenario.raft.message_bytes_max = static_cast<std::size_t>(random.between_magnitudes(200, 20000));
  scenario.raft.inflight_bytes_max = static_cast<std::size_t>(random.between_magnitudes(500, 50000));
  scenario.raft.memory_bytes_max = static_cast<std::size_t>(random.between_magnitudes(500, 50000));
  scenario.segment_bytes = static_cast<std::uint64_t>(random.between_magnitudes(500, 50000));
  scenario.cache_bytes = static_cast<std::size_t>(random.between_magnitudes(1000, 1000000));
}

// One leader after the other crashes while it still brings the followers up to date, one
// entry a message: the ground on which figure 8 of the Raft paper grows.
void make_unstable(Scenario& scenario) {
  scenario.groups = scenario.clients = std::min(scenario.groups, 2U);
  scenario.raft.message_bytes_max = scenario.raft.inflight_bytes_max = 1;
}

// The members of few groups change again and again among more nodes than they need, so
// that old and new ones could each be a majority without the other.
void make_parted(Scenario& scenario) {
  scenario.nodes = 5;
  scenario.replicas = 3;
  scenario.groups = scenario.clients = std::min(scenario.groups, 3U);
  scenario.rates[static_cast<std::size_t>(Fault::membership)] = changes_often;
}

} // namespace

std::string_view name_of(Fault fault) {
  return fault_ranges[static_cast<std::size_t>(fault)].name;
}

std::string_view name_of(Sabotage sabotage) {
  return sabotage_names[static_cast<std::size_t>(sabotage)];
}

std::optional<Sabotage> sabotage_by_name(std::string_view name) {
  const auto found = std::find(sabotage_names.begin(), sabotage_names.end(), name);
  if (found == sabotage_names.end()) return std::nullopt;
  return static_cast<Sabotage>(found - sabotage_names.begin());
}

Scenario Scenario::draw(std::uint64_t seed) {
  Scenario scenario;
  scenario.seed = seed;
  Random random(seed, "scenario");
  draw_sizes(scenario, random);
  draw_limits(scenario, random);
  for (std::size_t i = 0; i < fault_count; ++i) {
    const auto rate = random.between_magnitudes(fault_ranges[i].low, fault_ranges[i].high);
    scenario.rates[i] = random.chance(left_out) ? 0 : rate;
  }
  if (Random(seed, "reigns").chance(unstable)) {
    make_unstable(scenario);
  } else {
    scenario.switch_off(Fault::short_reign);
  }
  if (Random(seed, "partings").chance(parted)) {
    make_parted(scenario);
  } else {
    scenario.switch_off(Fault::parting);
  }
  return scenario;
}

std::string Scenario::describe() const {
  std::string out = std::to_string(nodes) + " nodes, " + std::to_string(groups) + " groups of " +
                    std::to_string(replicas) + ", " + std::to_string(clients) + " with clients, " +
                    std::to_string(ticks) + " ticks;";
  for (std::size_t i = 0; i < fault_count; ++i) {
    if (rates[i] == 0) continue;
    char text[64];
    std::snprintf(text, sizeof text, " %s %.3g", std::string(fault_ranges[i].name).c_str(), rates[i]);
    out += text;
  }
  return out;
}

std::string Scenario::command_line() const {
  const auto drawn = draw(seed);
  std::string out = "simulate --seed " + std::to_string(seed);
  if (sabotage != Sabotage::none) out += " --sabotage " + std::string(name_of(sabotage));
  if (ticks != drawn.ticks) out += " --ticks " + std::to_string(ticks);
  if (groups != drawn.groups) out += " --groups " + std::to_string(groups);
  if (clients != drawn.clients) out += " --clients " + std::to_string(clients);
  for (std::size_t i = 0; i < fault_count; ++i) {
    if (rates[i] != drawn.rates[i]) out += " --without " + std::string(fault_ranges[i].name);
  }
  return out;
}

} // namespace callboard::simulation
