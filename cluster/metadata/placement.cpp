#include "cluster/metadata/placement.h"

#include <algorithm>
#include <string_view>

#include "cluster/membership/sabotage.h"

namespace callboard::metadata {
namespace {

template <class Range, class Value>
bool contains(const Range& range, const Value& value) {
  return std::find(range.begin(), range.end(), value) != range.end();
}

// splitmix64.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

} // namespace

Factor default_factor(std::size_t nodes) {
  if (nodes >= 3) return {3, 0};
  return {1, nodes == 2 ? std::size_t{1} : 0};
}

// Neither names anyone twice.
bool same_nodes(const std::vector<NodeId>& a, const std::vector<NodeId>& b) {
  return a.size() == b.size() && std::is_permutation(a.begin(), a.end(), b.begin());
}

bool same_replicas(const Placement& a, const Placement& b) {
  return same_nodes(a.voters, b.voters) && same_nodes(a.learners, b.learners);
}

std::uint64_t spread_seed(GroupId group) {
  return mixed(group.value);
}

PlacementView::PlacementView(const Image& image, const Liveness& liveness) {
  std::map<std::string_view, std::uint32_t> racks;
  for (const auto& [id, record] : image.nodes()) {
    const auto rack = racks.emplace(record.rack, static_cast<std::uint32_t>(racks.size())).first->second;
    const bool active = record.status == NodeStatus::active;
    const bool gone = liveness.gone.contains(id);
    nodes_.push_back({id, rack, image.load(id), active, liveness.alive.contains(id) && !gone, !active || gone});
  }
  if (nodes_.empty()) {
    racks.emplace("", 0);
    nodes_.push_back({NodeId{1}, 0, image.load(NodeId{1}), true, true, false});
  }
  alive_.racks.resize(racks.size());
  away_.racks.resize(racks.size());
  for (Index i = 0; i < nodes_.size(); ++i) {
    const auto& node = nodes_[i];
    if (!node.active) continue;
    ++active_;
    staying_ += node.leaving ? 0 : 1;
    tier_of(node).put(node.rack, i, node.load.replicas);
  }
}

void PlacementView::Tier::put(std::uint32_t rack, Index node, std::uint64_t load) {
  auto& nodes = racks[rack];
  if (!nodes.empty()) order.take(rack, nodes.least());
  nodes.put(node, load);
  order.put(rack, nodes.least());
  ++size;
}

void PlacementView::Tier::take(std::uint32_t rack, Index node, std::uint64_t load) {
  auto& nodes = racks[rack];
  order.take(rack, nodes.least());
  nodes.take(node, load);
  if (!nodes.empty()) order.put(rack, nodes.least());
  --size;
}

const PlacementView::Node* PlacementView::find(NodeId id) const {
  const auto found = std::lower_bound(nodes_.begin(), nodes_.end(), id,
                                      [](const Node& node, NodeId wanted) { return node.id < wanted; });
  return found == nodes_.end() || found->id != id ? nullptr : &*found;
}

bool PlacementView::is_active(NodeId id) const {
  const auto* node = find(id);
  return node != nullptr && node->active;
}

bool PlacementView::is_alive(NodeId id) const {
  const auto* node = find(id);
  return node != nullptr && node->alive;
}

bool PlacementView::is_leaving(NodeId id) const {
  const auto* node = find(id);
  return node == nullptr || node->leaving;
}

std::optional<NodeId> PlacementView::only_node() const {
  if (active_ != 1) return std::nullopt;
  return std::find_if(nodes_.begin(), nodes_.end(), [](const Node& node) { return node.active; })->id;
}

NodeLoad PlacementView::load(NodeId id) const {
  const auto* node = find(id);
  return node == nullptr ? NodeLoad{} : node->load;
}

std::uint64_t PlacementView::fair_share() const {
  std::uint64_t replicas = 0;
  for (const auto& node : nodes_)
    if (node.active && node.alive) replicas += node.load.replicas;
  return alive_.size == 0 ? replicas : (replicas + alive_.size - 1) / alive_.size;
}

std::optional<NodeId> PlacementView::another(std::span<const NodeId> holders, std::uint64_t seed,
                                             bool only_alive) const {
  auto node = another(alive_, holders, seed);
  if (!node && !only_alive) node = another(away_, holders, seed);
  return node;
}

// In rounds: racks that hold none of it, then one, ... A round that finds nothing has looked only
// at racks that are in use already, of which there are no more than holders.
std::optional<NodeId> PlacementView::another(const Tier& tier, std::span<const NodeId> holders,
                                             std::uint64_t seed) const {
  // Another seed for each choice, or the partition's nodes would often be neighbours.
  const auto rack_seed = mixed(seed + holders.size());
  const auto node_seed = mixed(rack_seed);
  std::vector<std::uint32_t> used;
  for (const NodeId holder : holders)
    if (const auto* node = find(holder)) used.push_back(node->rack);
  for (std::ptrdiff_t uses = 0; uses <= std::ssize(used); ++uses) {
    std::optional<Index> chosen;
    (void)tier.order.first(rack_seed, [&](std::uint32_t rack) {
      ++looked_at_;
      if (std::count(used.begin(), used.end(), rack) > uses) return false;
      chosen = tier.racks[rack].first(node_seed, [&](Index i) {
        ++looked_at_;
        return !contains(holders, nodes_[i].id) ||
               membership::sabotaged(membership::Sabotage::two_replicas_on_one_node);
      });
      return chosen.has_value();
    });
    if (chosen) return nodes_[*chosen].id;
  }
  return std::nullopt;
}

NodeId PlacementView::leader_among(std::span<const NodeId> candidates, std::uint64_t seed) const {
  const auto rank = [&](NodeId id) { return std::pair(!is_alive(id), load(id).leads); };
  auto best = candidates[seed % candidates.size()];
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    const auto other = candidates[(seed + i) % candidates.size()];
    if (rank(other) < rank(best)) best = other;
  }
  return best;
}

std::size_t PlacementView::racks(std::span<const NodeId> holders) const {
  std::set<std::uint32_t> distinct;
  for (const NodeId holder : holders)
    if (const auto* node = find(holder)) distinct.insert(node->rack);
  return distinct.size();
}

Placement PlacementView::place(Factor factor, std::uint64_t seed) const {
  std::vector<NodeId> chosen;
  while (chosen.size() < factor.total()) {
    const auto node = another(chosen, seed, false);
    if (!node) break;
    chosen.push_back(*node);
  }
  const auto leader = std::find(chosen.begin(), chosen.end(), leader_among(chosen, seed));
  std::rotate(chosen.begin(), leader, std::next(leader));
  const auto voters = std::next(chosen.begin(), static_cast<std::ptrdiff_t>(std::min(factor.voters, chosen.size())));
  return {{chosen.begin(), voters}, {voters, chosen.end()}, true};
}

void PlacementView::count(const Placement& placement, int sign) {
  for (const NodeId node : placement.voters) change(node, sign, node == placement.voters.front() ? sign : 0);
  for (const NodeId node : placement.learners) change(node, sign, 0);
}

void PlacementView::change(NodeId id, int replicas, int leads) {
  const auto* found = find(id);
  if (found == nullptr) return;
  const auto index = static_cast<Index>(found - nodes_.data());
  auto& node = nodes_[index];
  if (node.active) tier_of(node).take(node.rack, index, node.load.replicas);
  node.load.replicas += static_cast<std::uint64_t>(std::int64_t{replicas});
  node.load.leads += static_cast<std::uint64_t>(std::int64_t{leads});
  if (node.active) tier_of(node).put(node.rack, index, node.load.replicas);
}

} // namespace callboard::metadata
