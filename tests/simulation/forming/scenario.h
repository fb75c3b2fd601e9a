#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/membership/sabotage.h"

namespace callboard::simulation::forming {

using Tick = std::uint64_t;
using membership::Sabotage;

inline constexpr std::array<std::string_view, 4> sabotage_names{"none", "founded_without_agreement",
                                                                "promise_forgotten", "one_node_is_enough"};

// How the nodes of a run are told of each other.
enum class Told : std::uint8_t {
  seeds,      // each node's address, spelled and ordered at will
  one_name,   // one name that stands for all addresses, which resolve as nodes start
  discovered, // by multicast, which loses announcements
  balanced,   // addresses that lead to one node now, to another then: only safety holds
};

// A node stops, perhaps loses its directory, and starts again.
struct Crash {
  std::size_t node;
  Tick at;
  bool wiped;
  Tick down_for;
};

// One run: everything that is not drawn while it runs.
struct Scenario {
  std::uint64_t seed = 1;
  Told told = Told::seeds;
  std::uint32_t nodes = 3;     // that form the cluster
  std::uint32_t late = 0;      // nodes that are no seeds, started with the same list or with --join
  std::uint32_t expect = 0;    // of those discovered: all, or more than half
  bool identities_kept = true; // over restarts, before there is a cluster
  bool two_families = false;   // names resolve to an IPv6 address too, where nobody listens
  std::vector<Tick> starts;    // of the nodes
  std::vector<Tick> delays;    // of messages, by from x nodes + to; empty: drawn
  std::vector<int> identities; // which node has the least, by node; empty: drawn
  std::vector<Crash> crashes;  // besides those drawn
  Tick chaos_ticks = 0;        // then all is well
  Tick delay_max = 3;          // while all is well; ten times in chaos
  double lost = 0;             // rates in chaos: of messages,
  double crash = 0;            // of nodes, a tick
  double wipe = 0;             // of nodes that crash
  double cut = 0;              // of one-way cuts, a tick
  double slow = 0;             // of ticks that do not come
  Sabotage sabotage = Sabotage::none;
  bool traced = false;

  static Scenario draw(std::uint64_t seed);
  // Three nodes: every order and distance of starts, of identities, of delays; and the death
  // of each node at each moment, with and without its directory.
  static std::vector<Scenario> all_of_three();
  std::string describe() const;
};

} // namespace callboard::simulation::forming
