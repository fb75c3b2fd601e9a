#include "cluster/membership/failure_detector.h"

#include <algorithm>
#include <utility>

namespace callboard::membership {

std::string_view text_of(LivenessReason reason) {
  switch (reason) {
  case LivenessReason::heard: return "is there";
  case LivenessReason::silent: return "was not heard for too long";
  case LivenessReason::refused: return "does not listen at its address any more";
  case LivenessReason::restarted: return "was started anew";
  }
  return "";
}

void FailureDetector::add(NodeId node) {
  if (nodes_.contains(node)) return;
  heard_.push_back({.id = node, .heard_at = tick_});
  nodes_.emplace(node, std::prev(heard_.end()));
}

void FailureDetector::remove(NodeId node) {
  const auto known = nodes_.find(node);
  if (known == nodes_.end()) return;
  auto& list = known->second->watched ? heard_ : silent_;
  list.erase(known->second);
  nodes_.erase(known);
}

void FailureDetector::tick() {
  ++tick_;
  while (!heard_.empty() && tick_ >= heard_.front().heard_at + config_.down_after_ticks) {
    auto& node = heard_.front();
    node.watched = false;
    go_down(node, LivenessReason::silent);
    silent_.splice(silent_.end(), heard_, heard_.begin());
  }
}

void FailureDetector::heard(NodeId id, std::uint64_t incarnation) {
  const auto known = nodes_.find(id);
  if (known == nodes_.end()) return;
  auto& node = *known->second;
  if (node.incarnation && incarnation != *node.incarnation) {
    if (node.replaced == incarnation) return;
    go_down(node, LivenessReason::restarted);
    node.replaced = node.incarnation;
  }
  node.incarnation = incarnation;
  heard_.splice(heard_.end(), node.watched ? heard_ : silent_, known->second);
  node.watched = true;
  node.heard_at = tick_;
  if (!node.heard_since) node.heard_since = tick_;
  if (node.state != State::up && tick_ - *node.heard_since >= probation(node)) go_up(node);
}

void FailureDetector::refused(NodeId id) {
  const auto known = nodes_.find(id);
  if (known == nodes_.end()) return;
  auto& node = *known->second;
  go_down(node, LivenessReason::refused);
  if (!std::exchange(node.watched, false)) return;
  silent_.splice(silent_.end(), heard_, known->second);
}

std::vector<LivenessChange> FailureDetector::take_changes() {
  return std::exchange(changes_, {});
}

bool FailureDetector::is_up(NodeId node) const {
  const auto known = nodes_.find(node);
  return known != nodes_.end() && known->second->state == State::up;
}

void FailureDetector::go_up(Node& node) {
  node.state = State::up;
  node.up_since = tick_;
  changes_.push_back({node.id, true, LivenessReason::heard});
}

void FailureDetector::go_down(Node& node, LivenessReason reason) {
  node.heard_since.reset();
  // Who was taken for its successor says nothing or is not there: if it speaks again, it is the one that lives.
  node.replaced.reset();
  if (node.state == State::down) return;
  if (node.state == State::up) {
    const bool forgiven = tick_ >= node.up_since + config_.forgiven_after_ticks;
    node.losses = forgiven ? 1 : node.losses + 1;
  }
  node.state = State::down;
  changes_.push_back({node.id, false, reason});
}

// A first loss costs nothing.
std::uint64_t FailureDetector::probation(const Node& node) const {
  if (node.losses < 2) return 0;
  const auto doubled = std::uint64_t{config_.probation_ticks} << std::min<std::uint32_t>(node.losses - 2, 16);
  return std::min<std::uint64_t>(doubled, config_.probation_ticks_max);
}

} // namespace callboard::membership
