// Forming: what the answers add up to, and when a cluster is founded.
#include <algorithm>
#include <utility>

#include "cluster/membership/forming.h"
#include "cluster/membership/sabotage.h"

namespace callboard::membership {
namespace {

void sort_once_each(std::vector<Uuid>& nodes) {
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
}

bool has(const std::vector<Uuid>& nodes, const Uuid& node) {
  return std::binary_search(nodes.begin(), nodes.end(), node);
}

} // namespace

bool Forming::heard(const Target& target) const {
  return target.answer && tick_ <= target.asked + config_.fresh_ticks;
}

bool Forming::settled(const Target& target) const {
  return !target.changed || tick_ > *target.changed + config_.settle_ticks;
}

// As many nodes answered as it has addresses of one family; all of them answered also
// does, if a node has several.
bool Forming::met(const Seed& seed) const {
  Nodes nodes;
  std::size_t answers = 0;
  std::size_t families[2] = {0, 0};
  for (const auto& target : seed.targets) {
    ++families[target.address.host.find(':') != std::string::npos];
    if (!target.tried()) return false;
    if (!heard(target)) continue;
    ++answers;
    nodes.push_back(target.answer->identity);
  }
  sort_once_each(nodes);
  return answers > 0 && (answers == seed.targets.size() || nodes.size() >= std::max(families[0], families[1]));
}

// One seed that leads to oneself is no reason to found alone: a name may come to lead to
// others later.
std::size_t Forming::nodes_needed() const {
  if (sabotaged(Sabotage::one_node_is_enough)) return 1;
  const std::size_t expected = start_.expect != 0 ? start_.expect : 2;
  return std::max(expected, names_.size());
}

// Everybody who answered; of those discovered, oneself too.
Forming::Nodes Forming::nodes_met() const {
  Nodes nodes;
  if (start_.mode == FormingMode::discover) nodes.push_back(start_.identity);
  for (const auto& seed : seeds_) {
    for (const auto& target : seed.targets) {
      if (heard(target)) nodes.push_back(target.answer->identity);
    }
  }
  sort_once_each(nodes);
  return nodes;
}

Forming::Nodes Forming::clusters_met() const {
  Nodes clusters;
  for (const auto& seed : seeds_) {
    for (const auto& target : seed.targets) {
      if (heard(target) && target.answer->cluster && target.answer->protocol == peer_protocol)
        clusters.push_back(*target.answer->cluster);
    }
  }
  sort_once_each(clusters);
  return clusters;
}

// With whom this node would found; nothing unless all that was asked for was met.
std::optional<Forming::Nodes> Forming::everybody() const {
  if (start_.mode != FormingMode::seeds && start_.mode != FormingMode::discover) return std::nullopt;
  for (const auto& seed : seeds_) {
    if (start_.mode == FormingMode::seeds && !met(seed)) return std::nullopt;
    for (const auto& target : seed.targets) {
      if (!heard(target)) continue;
      if (target.answer->cluster || target.answer->protocol != peer_protocol || !settled(target)) return std::nullopt;
    }
  }
  auto nodes = nodes_met();
  if (!has(nodes, start_.identity) || nodes.size() < nodes_needed() || !kept_by(nodes)) return std::nullopt;
  return nodes;
}

// Every founder that was promised is among them.
bool Forming::kept_by(const Nodes& nodes) const {
  return std::all_of(promises_.begin(), promises_.end(),
                     [&](const Promise& promise) { return has(nodes, promise.founder); });
}

void Forming::promise(const Nodes& nodes) {
  const auto& founder = nodes.front();
  if (founder == start_.identity || sabotaged(Sabotage::promise_forgotten))
    return; // founds, or names another set, but never both
  for (const auto& seed : seeds_) {
    for (const auto& target : seed.targets) {
      if (!heard(target) || target.answer->identity != founder) continue;
      const auto is_known = [&](const Promise& known) { return known.founder == founder && known.seed == seed.name; };
      if (std::none_of(promises_.begin(), promises_.end(), is_known)) promises_.push_back({founder, seed.name});
    }
  }
}

// Others have stayed where the founder was met.
void Forming::release_promises() {
  std::erase_if(promises_, [this](const Promise& promise) {
    const auto& targets = find_seed(promise.seed)->targets;
    return std::any_of(targets.begin(), targets.end(), [this](const Target& target) { return heard(target); }) &&
           std::none_of(targets.begin(), targets.end(), [&](const Target& target) {
             return target.answer && (target.answer->identity == promise.founder || !settled(target));
           });
  });
}

// At one of its addresses it named exactly these.
bool Forming::agrees(const Uuid& node, const Nodes& nodes) const {
  for (const auto& seed : seeds_) {
    for (const auto& target : seed.targets) {
      if (heard(target) && target.answer->identity == node && target.answer->founding == nodes) return true;
    }
  }
  return false;
}

bool Forming::may_found(const Nodes& nodes) const {
  if (joining_ || nodes.front() != start_.identity) return false;
  if (sabotaged(Sabotage::founded_without_agreement)) return true;
  return std::all_of(nodes.begin(), nodes.end(),
                     [&](const Uuid& node) { return node == start_.identity || agrees(node, nodes); });
}

// It was given another list, and what that leads to is not known to be the same.
bool Forming::differs(const Target& target) const {
  const auto& answer = *target.answer;
  return !answer.cluster && answer.identity != start_.identity && answer.seeds != told_ &&
         answer.founding != nodes_met();
}

// What time will not heal.
std::optional<Error> Forming::trouble() const {
  if (!founding_.empty() || joining_) return std::nullopt;
  const auto clusters = clusters_met();
  if (clusters.size() == 1) return std::nullopt;
  if (clusters.size() > 1) return Error{ErrorCode::invalid_config, different_clusters(clusters)};
  const bool complete = everybody().has_value();
  for (const auto& seed : seeds_) {
    for (const auto& target : seed.targets) {
      if (!heard(target)) continue;
      if (target.answer->protocol != peer_protocol)
        return Error{ErrorCode::unsupported_version, other_protocol(seed, target)};
      if (complete && differs(target)) return Error{ErrorCode::invalid_config, differing_lists(seed, target)};
    }
  }
  const bool all_met = std::all_of(seeds_.begin(), seeds_.end(), [this](const Seed& seed) { return met(seed); });
  if (start_.mode != FormingMode::seeds || names_.size() < 2 || !all_met) return std::nullopt;
  const auto count = nodes_met().size();
  if (count >= names_.size()) return std::nullopt;
  return Error{ErrorCode::invalid_config, "The " + std::to_string(names_.size()) + " seeds lead to only " +
                                              std::to_string(count) + " nodes: name each node once."};
}

} // namespace callboard::membership
