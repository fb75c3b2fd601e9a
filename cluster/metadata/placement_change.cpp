#include "cluster/metadata/placement_change.h"

#include <algorithm>

namespace callboard::metadata {
namespace {

using Nodes = std::vector<NodeId>;

bool contains(const Nodes& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

void append(Nodes& to, const Nodes& from) {
  to.insert(to.end(), from.begin(), from.end());
}

Nodes together(const Nodes& a, const Nodes& b) {
  auto all = a;
  append(all, b);
  return all;
}

std::size_t live_copies(const PlacementView& view, const Placement& placement) {
  const auto alive = [&](NodeId node) { return view.is_alive(node); };
  return static_cast<std::size_t>(std::count_if(placement.voters.begin(), placement.voters.end(), alive) +
                                  std::count_if(placement.learners.begin(), placement.learners.end(), alive));
}

// A placement in the making: who stays, who should go, who joins.
class Change {
public:
  Change(const PlacementView& view, const Placement& now, Factor wanted, std::uint64_t seed)
    : view_(view), now_(now), wanted_(wanted), seed_(seed) {}

  PlacementChange run() {
    divide();
    fill_voters();
    fill_learners();
    Placement next{voters_, learners_, now_.original};
    if (voters_.front() != now_.voters.front() && !contains(voters_, now_.voters.front())) {
      const auto leader = std::find(next.voters.begin(), next.voters.end(), view_.leader_among(next.voters, seed_));
      std::rotate(next.voters.begin(), leader, std::next(leader));
    }
    if (same_replicas(next, now_)) return {std::nullopt, obstacle_, concerned_};
    if (live_copies(view_, next) < std::min(live_copies(view_, now_), wanted_.total()))
      return {std::nullopt, Obstacle::few_copies, leaving_.empty() ? no_node : leaving_.front()};
    next.original = false;
    return {std::move(next), obstacle_, concerned_};
  }

private:
  // Voters beyond the wanted number become learners; those that are alive stay voters.
  void divide() {
    for (const NodeId node : now_.voters) (view_.is_leaving(node) ? leaving_ : voters_).push_back(node);
    for (const NodeId node : now_.learners) (view_.is_leaving(node) ? leaving_learners_ : spare_).push_back(node);
    if (voters_.size() <= wanted_.voters) return;
    std::stable_partition(voters_.begin(), voters_.end(), [&](NodeId node) { return view_.is_alive(node); });
    const auto extra = std::next(voters_.begin(), static_cast<std::ptrdiff_t>(wanted_.voters));
    spare_.insert(spare_.begin(), extra, voters_.end());
    voters_.erase(extra, voters_.end());
  }

  // Learners first: they have the data.
  void fill_voters() {
    while (voters_.size() < wanted_.voters) {
      const auto learner =
          std::find_if(spare_.begin(), spare_.end(), [&](NodeId node) { return view_.is_alive(node); });
      if (learner != spare_.end()) {
        voters_.push_back(*learner);
        spare_.erase(learner);
      } else if (const auto node = view_.another(together(voters_, spare_), seed_, true)) {
        voters_.push_back(*node);
      } else {
        break;
      }
    }
    keep_leaving(voters_, leaving_, wanted_.voters);
  }

  void fill_learners() {
    learners_ = spare_;
    if (learners_.size() > wanted_.learners) learners_.resize(wanted_.learners);
    while (learners_.size() < wanted_.learners) {
      const auto node = view_.another(together(voters_, learners_), seed_, true);
      if (!node) break;
      learners_.push_back(*node);
    }
    keep_leaving(learners_, leaving_learners_, wanted_.learners);
  }

  // Better there than nowhere.
  void keep_leaving(Nodes& to, Nodes& from, std::size_t wanted) {
    std::stable_partition(from.begin(), from.end(), [&](NodeId node) { return view_.is_alive(node); });
    for (auto it = from.begin(); it != from.end() && to.size() < wanted; ++it) {
      to.push_back(*it);
      obstacle_ = Obstacle::no_node;
      concerned_ = *it;
    }
  }

  const PlacementView& view_;
  const Placement& now_;
  const Factor wanted_;
  const std::uint64_t seed_;
  Nodes voters_, learners_, spare_;
  Nodes leaving_, leaving_learners_;
  Obstacle obstacle_ = Obstacle::none;
  NodeId concerned_ = no_node;
};

bool is_as_wanted(const PlacementView& view, const Placement& now, Factor wanted) {
  const auto leaving = [&](NodeId node) { return view.is_leaving(node); };
  return now.voters.size() == wanted.voters && now.learners.size() == wanted.learners &&
         std::none_of(now.voters.begin(), now.voters.end(), leaving) &&
         std::none_of(now.learners.begin(), now.learners.end(), leaving);
}

// Replaces the holder that has most.
bool move_one(const PlacementView& view, Placement& placement, std::uint64_t fair_share, std::uint64_t seed) {
  const auto holders = together(placement.voters, placement.learners);
  const auto most = *std::max_element(holders.begin(), holders.end(), [&](NodeId a, NodeId b) {
    return view.load(a).replicas < view.load(b).replicas;
  });
  if (view.load(most).replicas < fair_share) return false;
  auto others = holders;
  std::erase(others, most);
  const auto to = view.another(others, seed, true);
  if (!to || *to == most || view.load(*to).replicas + 1 >= view.load(most).replicas) return false;
  std::replace(placement.voters.begin(), placement.voters.end(), most, *to);
  std::replace(placement.learners.begin(), placement.learners.end(), most, *to);
  return true;
}

} // namespace

std::size_t controller_count(std::size_t nodes) {
  return nodes >= 5 ? 5 : nodes >= 3 ? 3 : 1;
}

Factor wanted_factor(const PlacementView& view, const Placement& now, bool grows) {
  if (!grows) return {now.voters.size(), 0};
  const auto wanted = default_factor(view.active());
  if (wanted.voters <= now.voters.size() || view.active_and_alive() >= wanted.voters) return wanted;
  return {now.voters.size(), now.voters.size() == 1 ? std::size_t{1} : 0};
}

PlacementChange change_placement(const PlacementView& view, const Placement& now, Factor wanted, std::uint64_t seed) {
  if (is_as_wanted(view, now, wanted)) return {};
  return Change(view, now, wanted, seed).run();
}

std::optional<Placement> even_out(const PlacementView& view, const Placement& now, std::uint64_t fair_share,
                                  std::uint64_t seed) {
  auto next = now;
  const auto& before = now.voters;
  if (move_one(view, next, fair_share, seed)) next.original = false;
  // The share of a leader that moved away is still counted where it was.
  const auto leader = view.leader_among(next.voters, seed);
  const auto first = next.voters.front();
  const auto leads_now = view.load(before.front()).leads;
  if (first != before.front() || view.load(leader).leads + 1 < leads_now) {
    const auto at = std::find(next.voters.begin(), next.voters.end(), leader);
    std::rotate(next.voters.begin(), at, std::next(at));
  }
  if (next == now) return std::nullopt;
  return next;
}

} // namespace callboard::metadata
