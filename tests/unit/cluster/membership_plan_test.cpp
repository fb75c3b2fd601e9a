#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "cluster/membership/membership_plan.h"
#include "tests/unit/cluster/raft_cluster.h"

using namespace callboard;
using membership::next_membership;

namespace {

std::vector<NodeId> nodes(std::initializer_list<int> ids) {
  std::vector<NodeId> made;
  for (const int id : ids) made.emplace_back(id);
  return made;
}

constexpr auto all = [](NodeId) { return true; };
constexpr auto none = [](NodeId) { return false; };

// As a leader sees its followers.
bool caught_up(const raft::Raft& leader, NodeId node) {
  const auto& progress = leader.progress();
  const auto peer = std::find_if(progress.begin(), progress.end(), [&](const auto& p) { return p.node() == node; });
  return peer != progress.end() && peer->match() == leader.last_index();
}

Placement random_target(raft::RaftCluster& cluster, int count) {
  Placement target;
  for (int id = 1; id <= count; ++id) {
    const auto draw = cluster.pick(4);
    if (draw < 2) target.voters.emplace_back(id);
    if (draw == 2) target.learners.emplace_back(id);
  }
  if (target.voters.empty()) return random_target(cluster, count);
  std::shuffle(target.voters.begin(), target.voters.end(), cluster.random());
  std::shuffle(target.learners.begin(), target.learners.end(), cluster.random());
  return target;
}

} // namespace

BOOST_AUTO_TEST_SUITE(membership_plan)

BOOST_AUTO_TEST_CASE(a_voter_learns_before_it_votes) {
  const Placement target{nodes({4, 1, 2}), {}, false};
  const Membership now{nodes({1, 2, 3}), {}, {}};
  const Membership learning{nodes({1, 2, 3}), {}, nodes({4})};
  const Membership then{nodes({1, 2, 4}), {}, {}};
  BOOST_TEST((next_membership(now, target, all) == learning));
  BOOST_TEST(!next_membership(learning, target, none).has_value());
  BOOST_TEST((next_membership(learning, target, all) == then));
  BOOST_TEST(!next_membership(then, target, all).has_value());
}

BOOST_AUTO_TEST_CASE(a_voter_leaves_before_it_learns) {
  const Placement target{nodes({1, 2}), nodes({3}), false};
  const Membership without{nodes({1, 2}), {}, {}};
  const Membership learning{nodes({1, 2}), {}, nodes({3})};
  BOOST_TEST((next_membership({nodes({1, 2, 3}), {}, {}}, target, none) == without));
  BOOST_TEST((next_membership(without, target, none) == learning));
  BOOST_TEST(!next_membership(learning, target, none).has_value());
}

BOOST_AUTO_TEST_CASE(one_voter_does_not_become_two_on_the_way_to_three) {
  const Membership learning{nodes({1}), {}, nodes({2, 3})};
  const auto only_2 = [](NodeId node) { return node == NodeId{2}; };
  BOOST_TEST(!next_membership(learning, {nodes({1, 2, 3}), {}, false}, only_2).has_value());
}

BOOST_AUTO_TEST_CASE(nothing_while_joint_or_towards_the_impossible) {
  const Membership joint{nodes({1, 2, 4}), nodes({1, 2, 3}), {}};
  BOOST_TEST(!next_membership(joint, {nodes({1}), {}, false}, all).has_value());
  const Membership now{nodes({1, 2, 3}), {}, {}};
  BOOST_TEST(!next_membership(now, {{}, nodes({1}), false}, all).has_value());
  BOOST_TEST(!next_membership(now, {nodes({1, 1}), {}, false}, all).has_value());
  BOOST_TEST(!next_membership(now, {nodes({1, 2}), nodes({2}), false}, all).has_value());
}

// A leader follows one random target after the other, which change while it is on its way.
BOOST_AUTO_TEST_CASE(random_targets_are_reached) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      constexpr int count = 6;
      raft::RaftCluster cluster(seed, count, static_cast<int>(1 + seed % 5));
      for (int round = 0; round < 8; ++round) {
        auto target = random_target(cluster, count);
        const bool hurried = cluster.pick(3) == 0; // the next target comes first
        bool reached = false;
        for (int ticks = 0; ticks < (hurried ? 5 : 400) && !reached; ++ticks) {
          cluster.run(1);
          const auto id = cluster.leader();
          if (id == no_node) continue;
          auto& leader = cluster.at(id.value);
          if (ticks % 3 == 0) cluster.propose(id, 2);
          const auto ask = [&](NodeId node) { return caught_up(leader, node); };
          const auto& current = leader.committed_membership();
          const auto step = next_membership(current, target, ask);
          if (step) {
            BOOST_REQUIRE(!step->voters.empty());
            const bool settled = leader.settled() && leader.membership() == current;
            const auto changed = leader.change_membership(*step);
            if (settled) BOOST_REQUIRE_EQUAL(changed ? "" : changed.error().message, "");
            cluster.observe(id);
          }
          reached = !step && leader.settled() && leader.membership() == current &&
                    current == *checked_membership({target.voters, {}, target.learners});
        }
        BOOST_REQUIRE(reached || hurried);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_replica_has_left_once_its_own_log_says_so_and_it_leads_no_more) {
  const Membership without{nodes({2, 3}), {}, {}};
  const Membership between{nodes({2, 3}), nodes({1, 2}), {}};
  const auto left = [](const Membership& membership, bool committed, bool leads) {
    return membership::has_left({NodeId{1}, membership, RaftIndex{7}, committed, leads}, std::nullopt);
  };
  BOOST_TEST(left(without, true, false));
  BOOST_TEST(!left(without, true, true));   // its successor may lack the entry
  BOOST_TEST(!left(without, false, false)); // may be undone
  BOOST_TEST(!left(between, true, false));  // the old majority is still needed
  BOOST_TEST(!left({}, true, false));       // knows nothing yet
}

BOOST_AUTO_TEST_CASE(a_replica_has_left_by_the_word_of_a_leader_that_had_committed_all_it_knows_of) {
  const Membership with{nodes({1, 2}), {}, {}};
  const auto left = [&](RaftIndex since, std::optional<RaftIndex> as_of) {
    return membership::has_left({NodeId{1}, with, since, false, false}, as_of);
  };
  BOOST_TEST(!left(RaftIndex{7}, std::nullopt));
  BOOST_TEST(!left(RaftIndex{7}, RaftIndex{6})); // it came back with entry 7
  BOOST_TEST(left(RaftIndex{7}, RaftIndex{7}));
  BOOST_TEST(left(RaftIndex{0}, RaftIndex{7}));
}

BOOST_AUTO_TEST_SUITE_END()
