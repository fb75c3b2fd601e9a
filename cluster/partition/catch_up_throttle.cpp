#include "cluster/partition/catch_up_throttle.h"

#include <algorithm>

#include "schema/assert.h"

namespace callboard::partition {

void CatchUpThrottle::ask(GroupId group, NodeId to, std::size_t bytes) {
  CB_ASSERT(bytes > 0);
  auto& destination = destinations_[to];
  auto* turn = find_turn(destination, group);
  if (turn == nullptr) return wait(destination, group, bytes);
  if (turn->bytes < limits_.turn_bytes || destination.order.empty()) {
    turn->asked = bytes;
  } else {
    destination.turns.erase(destination.turns.begin() + (turn - destination.turns.data()));
    wait(destination, group, bytes);
  }
}

void CatchUpThrottle::wait(Destination& destination, GroupId group, std::size_t bytes) {
  const auto [found, fresh] = destination.waiting.insert_or_assign(group, bytes);
  if (!fresh) return;
  destination.order.push_back(group);
  ++waiting_;
}

CatchUpThrottle::Turn* CatchUpThrottle::find_turn(Destination& destination, GroupId group) {
  const auto found = std::find_if(destination.turns.begin(), destination.turns.end(),
                                  [&](const Turn& turn) { return turn.group == group; });
  return found == destination.turns.end() ? nullptr : &*found;
}

std::vector<CatchUpThrottle::Grant> CatchUpThrottle::take_grants(Instant now) {
  expire(now);
  let_pass(now);
  std::vector<Grant> grants;
  while (paid_at_ <= now) {
    const auto next = next_destination();
    if (next == destinations_.end()) break;
    grants.push_back(grant(next->first, next->second, *next_turn(next->second), now));
  }
  return grants;
}

// After the one that was served last, round and round.
std::map<NodeId, CatchUpThrottle::Destination>::iterator CatchUpThrottle::next_destination() {
  auto next = destinations_.upper_bound(served_);
  for (std::size_t i = 0; i < destinations_.size(); ++i, ++next) {
    if (next == destinations_.end()) next = destinations_.begin();
    give_turns(next->second);
    if (next_turn(next->second) != nullptr) return next;
  }
  return destinations_.end();
}

void CatchUpThrottle::give_turns(Destination& destination) {
  while (destination.turns.size() < limits_.turns && !destination.order.empty()) {
    const auto waiting = destination.waiting.extract(destination.order.front());
    destination.order.pop_front();
    --waiting_;
    destination.turns.push_back({waiting.key(), 0, waiting.mapped()});
  }
}

CatchUpThrottle::Turn* CatchUpThrottle::next_turn(Destination& destination) {
  const auto next = std::find_if(destination.turns.begin(), destination.turns.end(),
                                 [](const Turn& turn) { return turn.asked.has_value(); });
  return next != destination.turns.end() && fits(destination, *next->asked) ? &*next : nullptr;
}

// One that is larger than everything that may be in flight goes alone.
bool CatchUpThrottle::fits(const Destination& destination, std::size_t bytes) const {
  return destination.inflight_bytes == 0 || destination.inflight_bytes + bytes <= limits_.inflight_bytes_max;
}

CatchUpThrottle::Grant CatchUpThrottle::grant(NodeId to, Destination& destination, Turn& turn, Instant now) {
  const auto bytes = *turn.asked;
  const auto group = turn.group;
  turn.asked.reset();
  turn.bytes += bytes;
  destination.inflight_bytes += bytes;
  destination.held.emplace(++last_id_, Held{group, bytes, now + limits_.held_max, false});
  const auto at = destination.turns.begin() + (&turn - destination.turns.data());
  std::rotate(at, at + 1, destination.turns.end());
  served_ = to;
  paid_at_ = paid_at_ + cost(bytes);
  return {last_id_, group, to};
}

void CatchUpThrottle::measured(NodeId to, GrantId id, std::size_t bytes) {
  auto* destination = find(to);
  if (destination == nullptr) return;
  const auto held = destination->held.find(id);
  if (held == destination->held.end()) return;
  paid_at_ = paid_at_ + (cost(bytes) - cost(held->second.bytes));
  destination->inflight_bytes = destination->inflight_bytes - held->second.bytes + bytes;
  held->second.bytes = bytes;
  held->second.measured = true;
}

void CatchUpThrottle::release(NodeId to, GrantId id) {
  auto* destination = find(to);
  if (destination == nullptr) return;
  const auto held = destination->held.find(id);
  if (held == destination->held.end()) return;
  if (!held->second.measured) paid_at_ = paid_at_ + (Duration::zero() - cost(held->second.bytes));
  end_held(*destination, held);
  remove_if_idle(to);
}

CatchUpThrottle::Destination* CatchUpThrottle::find(NodeId to) {
  const auto found = destinations_.find(to);
  return found == destinations_.end() ? nullptr : &found->second;
}

void CatchUpThrottle::remove_if_idle(NodeId to) {
  const auto* destination = find(to);
  if (destination->turns.empty() && destination->order.empty() && destination->held.empty()) destinations_.erase(to);
}

// A turn is over when its group neither wants more nor has anything under way.
void CatchUpThrottle::end_held(Destination& destination, std::map<GrantId, Held>::iterator held) {
  const auto group = held->second.group;
  destination.inflight_bytes -= held->second.bytes;
  destination.held.erase(held);
  const auto* turn = find_turn(destination, group);
  if (turn == nullptr || turn->asked) return;
  const bool under_way = std::any_of(destination.held.begin(), destination.held.end(),
                                     [&](const auto& other) { return other.second.group == group; });
  if (!under_way) destination.turns.erase(destination.turns.begin() + (turn - destination.turns.data()));
}

void CatchUpThrottle::expire(Instant now) {
  for (auto it = destinations_.begin(); it != destinations_.end();) {
    const auto to = it->first;
    auto& destination = it++->second;
    while (!destination.held.empty() && destination.held.begin()->second.until <= now)
      end_held(destination, destination.held.begin());
    remove_if_idle(to);
  }
}

void CatchUpThrottle::spend(Instant now, std::size_t bytes) {
  let_pass(now);
  paid_at_ = paid_at_ + cost(bytes);
}

// What was not used is kept for one burst.
void CatchUpThrottle::let_pass(Instant now) {
  paid_at_ = std::max(paid_at_, now + (Duration::zero() - limits_.burst));
}

std::optional<Instant> CatchUpThrottle::due() const {
  for (const auto& [node, destination] : destinations_) {
    const auto next = std::find_if(destination.turns.begin(), destination.turns.end(),
                                   [](const Turn& turn) { return turn.asked.has_value(); });
    if (next != destination.turns.end()) {
      if (fits(destination, *next->asked)) return paid_at_;
    } else if (destination.turns.size() < limits_.turns && !destination.order.empty()) {
      if (fits(destination, destination.waiting.at(destination.order.front()))) return paid_at_;
    }
  }
  return std::nullopt;
}

std::size_t CatchUpThrottle::turns() const {
  std::size_t sum = 0;
  for (const auto& [node, destination] : destinations_) sum += destination.turns.size();
  return sum;
}

std::size_t CatchUpThrottle::inflight_bytes() const {
  std::size_t sum = 0;
  for (const auto& [node, destination] : destinations_) sum += destination.inflight_bytes;
  return sum;
}

Duration CatchUpThrottle::cost(std::size_t bytes) const {
  if (limits_.bytes_per_second == 0) return Duration::zero();
  return Duration(
      static_cast<std::int64_t>(static_cast<double>(bytes) * 1e9 / static_cast<double>(limits_.bytes_per_second)));
}

} // namespace callboard::partition
