#include "tests/simulation/forming/scenario.h"

#include "tests/simulation/random.h"

namespace callboard::simulation::forming {

Scenario Scenario::draw(std::uint64_t seed) {
  Random random(seed, "forming");
  Scenario drawn;
  drawn.seed = seed;
  constexpr Told kinds[] = {Told::seeds,    Told::seeds,      Told::seeds,      Told::one_name,
                            Told::one_name, Told::discovered, Told::discovered, Told::balanced};
  drawn.told = kinds[random.below(std::size(kinds))];
  drawn.nodes = static_cast<std::uint32_t>(random.between(3, 7));
  drawn.late = static_cast<std::uint32_t>(random.below(3));
  drawn.identities_kept = random.chance(0.7);
  drawn.two_families = random.chance(0.3);
  const auto spread = random.between(1, 300);
  for (std::uint32_t i = 0; i < drawn.nodes + drawn.late; ++i) drawn.starts.push_back(random.below(spread));
  drawn.chaos_ticks = random.chance(0.2) ? 0 : random.between(50, 1500);
  drawn.delay_max = random.between(1, 5);
  const auto rate = [&](double low, double high) {
    return random.chance(0.4) ? 0 : random.between_magnitudes(low, high);
  };
  drawn.lost = rate(0.001, 0.5);
  drawn.crash = rate(0.0005, 0.05);
  drawn.wipe = rate(0.05, 1);
  drawn.cut = rate(0.001, 0.1);
  drawn.slow = rate(0.01, 0.3);
  // Less than all is safe only while no process that agreed ends.
  const auto least = drawn.crash > 0 ? drawn.nodes : drawn.nodes / 2 + 1;
  drawn.expect = static_cast<std::uint32_t>(random.between(least, drawn.nodes));
  return drawn;
}

std::vector<Scenario> Scenario::all_of_three() {
  constexpr Tick distances[] = {0, 2, 30};
  const std::vector<std::vector<int>> orders{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  std::vector<Scenario> all;
  const auto add = [&](std::vector<Tick> starts, std::uint32_t slow_ways, const std::vector<int>& identities,
                       std::vector<Crash> crashes) {
    Scenario scenario;
    scenario.starts = std::move(starts);
    scenario.identities = identities;
    scenario.crashes = std::move(crashes);
    scenario.delays.assign(9, 1);
    constexpr std::size_t ways[] = {1, 2, 3, 5, 6, 7};
    for (std::size_t i = 0; i < std::size(ways); ++i) scenario.delays[ways[i]] = (slow_ways >> i & 1) != 0 ? 7 : 1;
    all.push_back(std::move(scenario));
  };
  for (const auto& identities : orders) {
    for (std::size_t start = 0; start < 27; ++start) {
      const std::vector<Tick> starts{distances[start / 9], distances[start / 3 % 3], distances[start % 3]};
      for (std::uint32_t slow_ways = 0; slow_ways < 64; ++slow_ways) add(starts, slow_ways, identities, {});
    }
  }
  for (std::size_t node = 0; node < 3; ++node) {
    for (Tick at = 1; at < 60; ++at) {
      for (const bool wiped : {false, true}) {
        for (const Tick down_for : {Tick{0}, Tick{5}, Tick{100}}) {
          for (const std::uint32_t slow_ways : {0U, 21U, 42U}) {
            add({0, 2, 4}, slow_ways, orders[0], {{node, at, wiped, down_for}});
          }
        }
      }
    }
  }
  return all;
}

std::string Scenario::describe() const {
  constexpr std::string_view told_names[] = {"seeds", "one name", "discovered", "balanced"};
  std::string text = "told by " + std::string(told_names[static_cast<std::size_t>(told)]) + ", " +
                     std::to_string(nodes) + " nodes and " + std::to_string(late) + " late, expect " +
                     std::to_string(expect) + ", starts";
  for (const auto start : starts) text += " " + std::to_string(start);
  if (!delays.empty()) text += ", delays";
  for (const auto delay : delays) text += " " + std::to_string(delay);
  for (const auto& death : crashes) {
    text += ", node " + std::to_string(death.node) + (death.wiped ? " wiped" : " killed") + " at " +
            std::to_string(death.at) + " for " + std::to_string(death.down_for);
  }
  text += identities_kept ? ", identities kept" : ", identities anew";
  text += ", chaos " + std::to_string(chaos_ticks) + ", lost " + std::to_string(lost) + " crash " +
          std::to_string(crash) + " wipe " + std::to_string(wipe) + " cut " + std::to_string(cut) + " slow " +
          std::to_string(slow);
  return text;
}

} // namespace callboard::simulation::forming
