// Forming: what people are told. Each sentence says for whom or what it waits.
#include <algorithm>

#include "cluster/membership/forming.h"

namespace callboard::membership {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

} // namespace

std::string Forming::describe() const {
  if (!founding_.empty()) return "All " + std::to_string(founding_.size()) + " nodes agree: founding a cluster.";
  if (joining_ || clusters_met().size() == 1) {
    const auto last = join_reason_.empty() ? "" : " (last answer: " + join_reason_ + ")";
    return "Asking to be taken into cluster " + (joining_ ? joining_cluster_ : clusters_met()[0]).hex() + last + ".";
  }
  if (start_.mode == FormingMode::join) {
    auto waiting = missing();
    if (waiting.empty()) waiting = joined(names_) + " (no cluster yet)";
    return "Waiting for a member of a cluster: " + waiting + ".";
  }
  return describe_meeting();
}

std::string Forming::describe_meeting() const {
  if (const auto nodes = everybody()) {
    if (const auto who = holding_up(*nodes); !who.empty()) return "Met all nodes; waiting until so has " + who + ".";
    return "Met all nodes; waiting for " + whereabouts(nodes->front()) + " to found a cluster.";
  }
  const bool by_list = start_.mode == FormingMode::seeds;
  if (const auto waiting = missing(); by_list && !waiting.empty()) return "Waiting for seeds: " + waiting + ".";
  for (const auto& seed : seeds_) {
    for (const auto& target : seed.targets) {
      if (heard(target) && !settled(target))
        return "At " + target.address.text() + " answers another node than before; waiting whether it stays.";
    }
  }
  const auto nodes = nodes_met();
  if (!std::binary_search(nodes.begin(), nodes.end(), start_.identity))
    return "This node is none of its seeds; waiting for them to found a cluster.";
  if (nodes.size() < nodes_needed()) {
    const auto found = by_list ? joined(names_) + " leads to " : "Discovered under the name " + start_.name + ": ";
    return found + std::to_string(nodes.size()) + " of " + std::to_string(nodes_needed()) +
           " nodes; waiting for the others. A cluster of one needs no " + (by_list ? "seeds." : "discovery.");
  }
  const auto lost = std::find_if(promises_.begin(), promises_.end(), [&](const Promise& promise) {
    return !std::binary_search(nodes.begin(), nodes.end(), promise.founder);
  });
  if (lost == promises_.end()) return "Waiting for the nodes to agree.";
  return "Waiting for the node last met at " + lost->seed +
         ", which may have founded a cluster. If it is gone for good, start this node again.";
}

// "b:9092 (Connection refused), c:9092 (not asked yet)"
std::string Forming::missing() const {
  std::vector<std::string> waiting;
  for (const auto& seed : seeds_) {
    if (met(seed)) continue;
    if (seed.targets.empty())
      waiting.push_back(seed.name + " (" + (seed.reason.empty() ? "not resolved yet" : seed.reason) + ")");
    for (const auto& target : seed.targets) {
      if (heard(target)) continue;
      const auto address = target.address.text();
      const auto where = address == seed.name ? address : seed.name + " at " + address;
      waiting.push_back(where + " (" + (target.reason.empty() ? "not asked yet" : target.reason) + ")");
    }
  }
  return joined(waiting);
}

// Who has not said the same.
std::string Forming::holding_up(const Nodes& nodes) const {
  std::vector<std::string> waiting;
  for (const auto& node : nodes) {
    if (node != start_.identity && !agrees(node, nodes)) waiting.push_back(whereabouts(node));
  }
  return joined(waiting);
}

std::string Forming::whereabouts(const Uuid& node) const {
  for (const auto& seed : seeds_) {
    for (const auto& target : seed.targets) {
      if (heard(target) && target.answer->identity == node) return target.address.text();
    }
  }
  return "this node";
}

std::string Forming::different_clusters(const Nodes& clusters) const {
  std::vector<std::string> where;
  for (const auto& seed : seeds_) {
    for (const auto& target : seed.targets) {
      if (!heard(target) || !target.answer->cluster) continue;
      if (std::binary_search(clusters.begin(), clusters.end(), *target.answer->cluster))
        where.push_back(target.address.text() + " to " + target.answer->cluster->hex());
    }
  }
  return "The addresses given belong to different clusters (" + joined(where) + "): name only nodes of one of them.";
}

std::string Forming::other_protocol(const Seed& seed, const Target& target) const {
  return seed.name + " speaks version " + std::to_string(target.answer->protocol) +
         " of the protocol between nodes, this node version " + std::to_string(peer_protocol) +
         ": run the same version of Callboard on both.";
}

std::string Forming::differing_lists(const Seed& seed, const Target& target) const {
  const auto& theirs = target.answer->seeds;
  return seed.name + " was told to form a cluster with " + (theirs.empty() ? "no seeds" : joined(theirs)) +
         ", this node with " + joined(told_) + ": start both with the same list, or one with --join.";
}

} // namespace callboard::membership
