#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "cluster/membership/sabotage.h"
#include "tests/simulation/scenario.h"

namespace callboard::simulation::cluster {

// What is made to happen to whole machines, to the network between them and to the cluster they
// form; each by a rate, in a thousand ticks. Messages, clocks and torn commits have the faults of
// simulation::Scenario.
enum class Event : std::uint8_t {
  crash,       // of one machine
  crash_all,   // of all at once
  absence,     // of one machine, longer than until its replicas are replaced
  pause,       // of one process
  wipe,        // of one machine's directory: it comes back as another node
  isolation,   // of one machine from all others
  halves,      // the network parts into two
  ring,        // each machine reaches its two neighbours only
  one_way,     // a machine is not heard by some, or hears some no more
  slow_disk,   //
  full_disk,   //
  broken_disk, // a write fails
  rot,         // of one replica's log
  stop,        // a leader's replica stops, its node lives
  join,        // another machine is started
  create,      // a topic
  remove,      // a topic
  extend,      // a topic's partitions
  alter,       // a topic's configuration
  drain,       // a node, or the end of it
  retire,      // a drained node is removed
  rebalance,   //
  move,        // a partition's replicas, by hand
  elect,       // preferred leaders
};
inline constexpr std::size_t event_count = 24;
using EventCounts = std::array<std::uint64_t, event_count>;

std::string_view name_of(Event event);
bool event_by_name(std::string_view name, Event& event);

// Rules that are broken on purpose, to show that it would be noticed.
using membership::Sabotage;
std::string_view name_of(Sabotage sabotage);
bool sabotage_by_name(std::string_view name, Sabotage& sabotage);

// One run: drawn from its seed, then perhaps made smaller by hand.
struct Scenario {
  simulation::Scenario base; // its seed, what happens to messages, clocks and commits, Raft's limits
  std::uint32_t ticks = 0;   // of faults, once there is a cluster; then they end
  std::uint32_t founders = 3;
  std::uint32_t spares = 1; // machines that may join later
  std::uint32_t topics_max = 4;
  std::uint32_t replace_after_ticks = 400;
  std::uint32_t preferred_after_ticks = 60;
  std::array<double, event_count> rates{};
  Sabotage sabotage = Sabotage::none;
  bool traced = false; // what nodes, operators and faults do

  static Scenario draw(std::uint64_t seed);

  double rate(Event event) const { return rates[static_cast<std::size_t>(event)]; }
  void switch_off(Event event) { rates[static_cast<std::size_t>(event)] = 0; }
  std::uint32_t machines() const { return founders + spares; }
  std::string describe() const;
};

} // namespace callboard::simulation::cluster
