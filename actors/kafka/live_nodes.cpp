#include "actors/kafka/live_nodes.h"

#include <algorithm>

namespace callboard::kafka {

bool LiveNodes::is_up(NodeId node) const {
  if (node == self()) return true;
  const auto found = nodes_.find(node);
  return found != nodes_.end() && found->second.up && found->second.record.status != NodeStatus::removed;
}

std::optional<Broker> LiveNodes::find(NodeId node) const {
  if (!is_up(node)) return std::nullopt;
  Broker broker{node, own_, std::nullopt};
  if (const auto found = nodes_.find(node); found != nodes_.end()) {
    if (node != self()) broker.address = found->second.record.client;
    if (!found->second.record.rack.empty()) broker.rack = found->second.record.rack;
  }
  return broker;
}

std::vector<Broker> LiveNodes::all() const {
  std::vector<Broker> out;
  out.push_back(*find(self()));
  for (const auto& [node, view] : nodes_)
    if (node != self())
      if (auto broker = find(node)) out.push_back(std::move(*broker));
  std::sort(out.begin(), out.end(), [](const Broker& a, const Broker& b) { return a.node < b.node; });
  return out;
}

NodeId LiveNodes::controller() const {
  return controller_ != no_node && is_up(controller_) ? controller_ : self();
}

} // namespace callboard::kafka
