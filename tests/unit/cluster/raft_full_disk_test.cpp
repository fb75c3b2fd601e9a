// Replicas whose disk is full.
#include "raft_cluster.h"

namespace callboard::raft {
namespace {

const NodeId a{1};
const NodeId b{2};

const Progress& progress_of(RaftCluster& cluster, NodeId node) {
  const auto& peers = cluster.at(1).progress();
  const auto peer = std::find_if(peers.begin(), peers.end(), [&](const auto& it) { return it.node() == node; });
  BOOST_REQUIRE(peer != peers.end());
  return *peer;
}

BOOST_AUTO_TEST_SUITE(raft_full_disk)

BOOST_AUTO_TEST_CASE(a_leader_hands_over_to_one_with_room) {
  auto cluster = led_by_the_first();
  cluster.full = {a};
  BOOST_REQUIRE(cluster.propose(a, 3));
  cluster.run(40);
  const auto leader = cluster.leader();
  BOOST_TEST((leader != a && leader != no_node));
  const auto before = cluster.committed();
  BOOST_TEST(cluster.propose(leader, 2));
  cluster.run(3);
  BOOST_TEST((cluster.committed() > before));
  cluster.full.clear();
  cluster.run(40);
  BOOST_TEST(cluster.at(1).stored_index().value == cluster.committed().value);
}

BOOST_AUTO_TEST_CASE(where_all_are_full_the_leader_stays) {
  auto cluster = led_by_the_first();
  cluster.full = {a, b, NodeId{3}};
  const auto term = cluster.at(1).term();
  BOOST_REQUIRE(cluster.propose(a, 3));
  cluster.run(60);
  BOOST_TEST((cluster.leader() == a));
  BOOST_TEST((cluster.at(1).term() == term));
}

BOOST_AUTO_TEST_CASE(who_does_not_take_what_is_committed_is_behind_until_it_has_it) {
  auto cluster = led_by_the_first();
  cluster.full = {b};
  for (int i = 0; i < 4; ++i) {
    cluster.propose(a, 1);
    cluster.run(10);
  }
  BOOST_REQUIRE((cluster.leader() == a));
  BOOST_TEST(progress_of(cluster, b).behind);
  BOOST_TEST(progress_of(cluster, b).present());
  BOOST_TEST(!progress_of(cluster, NodeId{3}).behind);
  cluster.full.clear();
  cluster.run(20);
  BOOST_TEST(!progress_of(cluster, b).behind);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::raft
