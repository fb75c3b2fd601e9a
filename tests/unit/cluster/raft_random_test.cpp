// Several Rafts in random orders of everything that can happen to them; RaftCluster
// checks the promises with every step. CALLBOARD_SEED=N repeats one run.
#include <algorithm>
#include <cstdlib>

#include "raft_cluster.h"

namespace callboard::raft {
namespace {

constexpr int steps_per_run = 1500;

class RandomRun {
public:
  explicit RandomRun(std::uint64_t seed)
    : cluster_(seed, 3 + static_cast<int>(seed % 3), 3), lossy_(static_cast<std::uint64_t>(seed / 3 % 4) * 3) {}

  void run() {
    for (int step = 0; step < steps_per_run; ++step) act();
    heal();
  }

private:
  std::uint64_t pick(std::uint64_t bound) { return cluster_.pick(bound); }
  NodeId any_node() {
    return std::next(cluster_.nodes.begin(), static_cast<std::ptrdiff_t>(pick(cluster_.nodes.size())))->first;
  }
  // no_node: the one that was picked is down.
  NodeId any_up() {
    const auto id = any_node();
    return cluster_.up(id) ? id : no_node;
  }

  void act() {
    const auto dice = pick(1000);
    const auto id = any_up();
    if (dice < 500) {
      pass_message();
    } else if (id == no_node) {
      if (pick(5) == 0) restart();
    } else if (dice < 700) {
      cluster_.store(id);
    } else if (dice < 880) {
      cluster_.tick(id);
    } else if (dice < 950) {
      cluster_.propose(id, 1 + pick(3));
    } else if (dice < 960) {
      crash(id);
    } else if (dice < 970) {
      change_membership(id);
    } else if (dice < 976) {
      static_cast<void>(cluster_.nodes.at(id).raft->transfer_leadership(any_node()));
      cluster_.observe(id);
    } else if (dice < 984) {
      cluster_.lose_writes(id);
    } else if (dice < 992) {
      remove_prefix(id);
    } else {
      gossip(id);
    }
  }

  void pass_message() {
    if (cluster_.network.empty()) return;
    const auto at = pick(std::min<std::size_t>(cluster_.network.size(), 8));
    const auto dice = pick(100);
    if (dice < lossy_) {
      cluster_.network.erase(cluster_.network.begin() + static_cast<std::ptrdiff_t>(at));
    } else {
      if (dice >= 97) cluster_.network.push_back(cluster_.network[at]);
      cluster_.deliver(at);
    }
  }

  void crash(NodeId id) {
    cluster_.crash(id);
    if (pick(2) == 0) tell_all(id, false);
  }
  void restart() {
    for (auto& [id, node] : cluster_.nodes) {
      if (node.raft) continue;
      cluster_.start(id);
      if (pick(2) == 0) tell_all(id, true);
      return;
    }
  }
  void tell_all(NodeId about, bool up) {
    for (auto& [id, node] : cluster_.nodes) {
      if (!node.raft || id == about) continue;
      up ? node.raft->peer_up(about) : node.raft->peer_down(about);
      cluster_.observe(id);
    }
  }
  // What the failure detector says may be wrong.
  void gossip(NodeId id) {
    auto& raft = *cluster_.nodes.at(id).raft;
    const auto about = any_node();
    pick(2) == 0 ? raft.peer_down(about) : raft.peer_up(about);
    cluster_.observe(id);
  }

  void change_membership(NodeId id) {
    auto& raft = *cluster_.nodes.at(id).raft;
    auto target = raft.membership();
    if (!target.learners.empty() && pick(2) == 0) {
      target.voters.push_back(target.learners.back());
      target.learners.pop_back();
    } else if (const auto other = any_node(); target.is_voter(other)) {
      if (target.voters.size() > 1) std::erase(target.voters, other);
    } else if (!target.is_learner(other)) {
      target.learners.push_back(other);
    }
    static_cast<void>(raft.change_membership(target));
    cluster_.observe(id);
  }

  void remove_prefix(NodeId id) {
    auto& node = cluster_.nodes.at(id);
    const auto upper = std::min(node.raft->commit_index(), node.disk.last());
    if (upper < node.disk.first || !node.storing.empty()) return;
    const auto first = node.disk.first.plus(pick(upper.value - node.disk.first.value + 1));
    node.disk.remove_prefix(first);
    node.raft->remove_prefix(first);
  }

  // When everything works again, the group serves again, and everyone has the same log.
  void heal() {
    for (auto& [id, node] : cluster_.nodes) {
      if (!node.raft) cluster_.start(id);
    }
    for (auto& [id, node] : cluster_.nodes) tell_all(id, true);
    cluster_.run(100);
    const auto leader = cluster_.leader();
    BOOST_REQUIRE(leader != no_node);
    BOOST_REQUIRE(cluster_.nodes.at(leader).raft->settled());
    BOOST_REQUIRE(cluster_.propose(leader, 3));
    cluster_.run(60);
    const auto& raft = *cluster_.nodes.at(leader).raft;
    BOOST_REQUIRE(raft.leads());
    for (const auto member : raft.membership().members()) {
      const auto& other = *cluster_.nodes.at(member).raft;
      BOOST_REQUIRE_EQUAL(other.commit_index().value, raft.last_index().value);
      BOOST_REQUIRE_EQUAL(other.stored_index().value, raft.last_index().value);
      BOOST_REQUIRE_EQUAL(other.leader().value, leader.value);
      BOOST_REQUIRE(other.membership() == raft.membership());
      BOOST_REQUIRE(other.resting());
    }
  }

  RaftCluster cluster_;
  std::uint64_t lossy_; // percent of messages
};

BOOST_AUTO_TEST_CASE(rafts_keep_their_promises_in_any_order_of_events) {
  std::uint64_t first = 1;
  std::uint64_t runs = 2000;
  if (const auto* seed = std::getenv("CALLBOARD_SEED")) {
    first = std::stoull(seed);
    runs = 1;
  }
  if (const auto* count = std::getenv("CALLBOARD_RUNS")) runs = std::stoull(count);
  BOOST_TEST_MESSAGE("seeds " << first << " to " << first + runs - 1);
  for (auto seed = first; seed < first + runs; ++seed) {
    BOOST_TEST_CONTEXT("CALLBOARD_SEED=" << seed) {
      RandomRun(seed).run();
    }
  }
}

} // namespace
} // namespace callboard::raft
