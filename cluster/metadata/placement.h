#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "cluster/metadata/image.h"
#include "cluster/metadata/least_loaded.h"

namespace callboard::metadata {

// Whom the deciding node hears of the others; itself included.
struct Liveness {
  std::set<NodeId> alive;
  std::set<NodeId> gone; // not alive, for so long that their replicas are replaced

  bool operator==(const Liveness&) const = default;
};

// How many replicas a partition has.
struct Factor {
  std::size_t voters = 1;
  std::size_t learners = 0;

  bool operator==(const Factor&) const = default;
  std::size_t total() const { return voters + learners; }
};

// Of a topic that did not ask for one, in a cluster of so many nodes: two voters would stop
// at the loss of either, so the second node learns.
Factor default_factor(std::size_t nodes);

// The same nodes, in whatever order.
bool same_nodes(const std::vector<NodeId>& a, const std::vector<NodeId>& b);
bool same_replicas(const Placement& a, const Placement& b);

// A number that differs for every group and is the same for everybody.
std::uint64_t spread_seed(GroupId group);

// Which nodes get replicas: a picture of the nodes, made for one command or one step of the
// controller and told what is placed meanwhile. Making one costs the number of nodes, a
// replica the logarithm of it, a change of a load at most the number of racks or of nodes in
// one (as a move of so many small numbers). Deterministic.
//
// An image that knows no node is one of before there were several: node 1 is the only one.
//
// Who comes first: nodes that are alive; of these racks that hold no replica of the partition yet;
// of these the rack and the node with the fewest replicas. So a rack with fewer nodes than
// the others gets more for each when there are no more racks than replicas.
class PlacementView {
public:
  PlacementView(const Image& image, const Liveness& liveness);

  // Nodes that may hold replicas: neither draining nor removed, alive or not.
  std::size_t active() const { return active_; }
  std::size_t active_and_alive() const { return alive_.size; }
  std::size_t active_and_not_gone() const { return staying_; }
  bool is_active(NodeId node) const;
  bool is_alive(NodeId node) const;
  // Its replicas are to go elsewhere: it drains, was removed, is gone, or nobody knows it.
  bool is_leaving(NodeId node) const;
  // The only active node, if there is just one.
  std::optional<NodeId> only_node() const;
  NodeLoad load(NodeId node) const;
  // The average number of replicas of the nodes that are active and alive, rounded up.
  std::uint64_t fair_share() const;

  // Another node for a partition that `holders` have. nullopt: there is none.
  // Without `only_alive` also an active node that is not alive, as the last resort.
  std::optional<NodeId> another(std::span<const NodeId> holders, std::uint64_t seed, bool only_alive) const;
  // Who of them should lead: alive, and preferred by the fewest partitions.
  NodeId leader_among(std::span<const NodeId> candidates, std::uint64_t seed) const;
  // Racks that hold one of them.
  std::size_t racks(std::span<const NodeId> holders) const;

  // A new partition's replicas; `factor` is at most active(). Does not add() it.
  Placement place(Factor factor, std::uint64_t seed) const;

  void add(const Placement& placement) { count(placement, 1); }
  void remove(const Placement& placement) { count(placement, -1); }

  // Nodes and racks looked at so far: what placing costs, for tests.
  std::uint64_t looked_at() const { return looked_at_; }

private:
  struct Node {
    NodeId id;
    std::uint32_t rack = 0;
    NodeLoad load;
    bool active = false;
    bool alive = false;
    bool leaving = false;
  };
  using Index = std::uint32_t; // into nodes_, or a rack
  // The nodes that are alive, or those that are not: racks by their least loaded node, nodes by load.
  struct Tier {
    std::vector<LeastLoaded<Index>> racks;
    LeastLoaded<Index> order; // of racks with a node
    std::size_t size = 0;

    void put(std::uint32_t rack, Index node, std::uint64_t load);
    void take(std::uint32_t rack, Index node, std::uint64_t load);
  };

  const Node* find(NodeId id) const;
  std::optional<NodeId> another(const Tier& tier, std::span<const NodeId> holders, std::uint64_t seed) const;
  void count(const Placement& placement, int sign);
  void change(NodeId id, int replicas, int leads);
  Tier& tier_of(const Node& node) { return node.alive ? alive_ : away_; }

  std::vector<Node> nodes_; // by id
  Tier alive_, away_;       // active ones
  std::size_t active_ = 0;
  std::size_t staying_ = 0;
  mutable std::uint64_t looked_at_ = 0;
};

} // namespace callboard::metadata
