#pragma once

#include <cstdint>
#include <optional>

#include "cluster/metadata/placement.h"

namespace callboard::metadata {

// Why a replica stays where it should not, or does not come.
enum class Obstacle : std::uint8_t {
  none,
  no_leader, // nobody can change a group without one
  no_node,   // no other node that is alive can take it
  few_copies // another copy is away: there would be fewer that live than now
};

struct PlacementChange {
  std::optional<Placement> placement; // nullopt: stays as it is
  Obstacle obstacle = Obstacle::none; // what keeps it from being as wanted, also beside a change
  NodeId node = no_node;              // that is concerned: it should be left and cannot
};

// The factor that a placement should have. `grows`: the default factor, which follows the number
// of active nodes; it grows only when the nodes that are alive can hold all of it, since half of it
// is worse than none. Otherwise the number of voters stays.
Factor wanted_factor(const PlacementView& view, const Placement& now, bool grows);

// How many voters the metadata has in a cluster of so many nodes.
std::size_t controller_count(std::size_t nodes);

// The placement without nodes that are leaving (PlacementView) and with the wanted factor, as far
// as there are nodes alive to take replicas. What stays keeps its order, the new ones follow; a
// preferred leader that leaves is succeeded by the one that leads least. Never leaves fewer
// live copies than there were, or than wanted.
PlacementChange change_placement(const PlacementView& view, const Placement& now, Factor wanted, std::uint64_t seed);

// One replica from the node that has its `fair_share` or more (PlacementView's) to the one with
// the fewest, if that evens out, and the preferred leader to the voter that leads least. nullopt: stays.
std::optional<Placement> even_out(const PlacementView& view, const Placement& now, std::uint64_t fair_share,
                                  std::uint64_t seed);

} // namespace callboard::metadata
