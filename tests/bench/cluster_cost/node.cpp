#include "tests/bench/cluster_cost/node.h"

#include <algorithm>
#include <utility>

namespace callboard::bench {
namespace {

using Doing = Meter::Doing;

// As actors/peer/peer_link_actor.h has them.
constexpr std::size_t call_bytes = std::size_t{1} << 20;
constexpr std::size_t announcements_max = 1000;
constexpr std::uint64_t incarnation = 1;

} // namespace

void Node::start(bool founds) {
  const Doing doing(meter_, Part::replicas);
  replicas_.start(metadata_group, founds ? Placement{{id_}, {}, true} : Placement{{}, {}, false});
}

// ---- the others

void Node::know(const std::vector<NodeRecord>& nodes) {
  const Doing doing(meter_, Part::records);
  for (const auto& node : nodes) {
    auto& known = nodes_[node.id];
    if (known == node) continue;
    const bool fresh = known.id != node.id;
    known = node;
    if (!fresh || node.id == id_) continue;
    detector_.add(node.id);
    unlinked_.push_back(node.id);
  }
}

void Node::linked(NodeId node) {
  detector_.heard(node, incarnation);
  tell_changes();
  const Doing doing(meter_, Part::leaders);
  links_[node] = leading_;
}

void Node::refused(NodeId node) {
  links_.erase(node);
  detector_.refused(node);
  tell_changes();
}

void Node::tell_changes() {
  for (const auto& change : detector_.take_changes()) {
    {
      const Doing doing(meter_, Part::replicas);
      replicas_.peer_changed(change.node, change.up);
    }
    metadata_.liveness(change.node, change.up, now_);
  }
}

// ---- what comes in

void Node::receive(const Call& call) {
  if (call.announces) {
    const auto leaders = [&] {
      const Doing doing(meter_, Part::wire);
      return decode_leaders(call);
    }();
    metadata_.leaders(leaders, now_);
    return;
  }
  auto messages = [&] {
    const Doing doing(meter_, Part::wire);
    return decode_messages(call);
  }();
  const Doing doing(meter_, Part::replicas);
  replicas_.step(std::move(messages));
}

void Node::tick() {
  const Doing doing(meter_, Part::replicas);
  replicas_.tick();
}

void Node::finish(Instant now) {
  now_ = now;
  for (bool more = true; more;) {
    {
      const Doing doing(meter_, Part::replicas);
      more = replicas_.store();
    }
    auto news = replicas_.take_news();
    more = more || !news.empty();
    handle(news);
    more = metadata_.work(now) || more;
  }
}

void Node::handle(ReplicaNews& news) {
  metadata_.committed(news.applied);
  if (auto nodes = metadata_.take_nodes(); !nodes.empty()) know(nodes);
  for (const auto& announcement : news.leaders)
    if (announcement.group == metadata_group) metadata_.led_by(announcement, now_);
  if (news.settled) metadata_.settled(*news.settled, now_);
  if (!news.produced.empty()) metadata_.proposed();
  std::erase_if(news.leaders, [](const auto& announcement) { return announcement.group == metadata_group; });
  if (!news.leaders.empty()) local_leaders(news.leaders);
}

// ---- what goes out

void Node::local_leaders(const std::vector<LeaderAnnouncement>& leaders) {
  metadata_.leaders(leaders, now_);
  const Doing doing(meter_, Part::leaders);
  for (const auto& announcement : leaders) {
    if (announcement.leader == id_)
      leading_[announcement.group] = announcement;
    else if (leading_.erase(announcement.group) == 0)
      continue; // its leader says it
    to_announce_.push_back(announcement);
  }
}

void Node::announce() {
  if (to_announce_.empty()) return;
  const Doing doing(meter_, Part::leaders);
  const auto batch = std::exchange(to_announce_, {});
  for (auto& [node, waiting] : links_) {
    for (auto& announcement : std::vector(batch)) { // a message to the link has a copy
      auto& newest = waiting.try_emplace(announcement.group, announcement).first->second;
      if (announcement.newer_than(newest)) newest = std::move(announcement);
    }
  }
}

std::vector<Call> Node::take_calls() {
  announce();
  std::vector<Call> calls;
  call_with_leaders(calls);
  call_with_messages(calls);
  meter_.costs.calls += calls.size();
  for (const auto& call : calls) meter_.costs.bytes += call.bytes();
  return calls;
}

void Node::call_with_messages(std::vector<Call>& calls) {
  for (auto& [node, queue] : replicas_.outgoing()) {
    if (queue.empty()) continue;
    if (!links_.contains(node)) queue.clear();
    const Doing doing(meter_, Part::wire);
    while (!queue.empty()) {
      const auto taken = queue.take(call_bytes);
      meter_.costs.messages += taken.messages.size();
      calls.push_back(encode(node, taken.messages));
    }
  }
}

void Node::call_with_leaders(std::vector<Call>& calls) {
  for (auto& [node, waiting] : links_) {
    if (waiting.empty()) continue;
    const Doing doing(meter_, Part::wire);
    while (!waiting.empty()) {
      std::vector<LeaderAnnouncement> leaders;
      while (!waiting.empty() && leaders.size() < announcements_max)
        leaders.push_back(std::move(waiting.extract(waiting.begin()).mapped()));
      meter_.costs.announcements += leaders.size();
      calls.push_back(encode(node, leaders));
    }
  }
}

} // namespace callboard::bench
