#include "cluster/metadata/placement.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "cluster/metadata/topic_commands.h"

namespace callboard::metadata {
namespace {

struct Cluster {
  Image image;
  Liveness liveness;

  void add(std::int32_t number, const std::string& rack = {}, NodeStatus status = NodeStatus::active) {
    image.apply(NodeRecord{NodeId(number), Uuid{}, {}, {}, rack, {}, status});
    liveness.alive.insert(NodeId(number));
  }
  PlacementView view() const { return {image, liveness}; }

  // Most minus least over the nodes given.
  std::uint64_t spread_of(std::int32_t first, std::int32_t last, std::uint64_t NodeLoad::*what) const {
    std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t most = 0;
    for (auto number = first; number <= last; ++number) {
      least = std::min(least, image.load(NodeId(number)).*what);
      most = std::max(most, image.load(NodeId(number)).*what);
    }
    return most - least;
  }

  void create(std::int32_t partitions, std::int16_t factor) {
    CreateTopicCommand command;
    command.name = "topic-" + std::to_string(image.topics().size());
    command.partitions = partitions;
    command.replication_factor = factor;
    TopicDefaults defaults;
    defaults.partitions_max = 1'000'000;
    Uuid id;
    id.bytes[0] = static_cast<std::uint8_t>(image.topics().size());
    id.bytes[1] = static_cast<std::uint8_t>(image.topics().size() >> 8);
    const auto record = plan_create_topic(image, command, defaults, liveness, id);
    if (!record.ok()) BOOST_FAIL(record.error().message);
    image.apply(*record);
  }
};

BOOST_FIXTURE_TEST_SUITE(placement, Cluster)

BOOST_AUTO_TEST_CASE(the_default_factor_grows_with_the_cluster) {
  BOOST_TEST((default_factor(1) == Factor{1, 0}));
  BOOST_TEST((default_factor(2) == Factor{1, 1}));
  BOOST_TEST((default_factor(3) == Factor{3, 0}));
  BOOST_TEST((default_factor(100) == Factor{3, 0}));
}

BOOST_AUTO_TEST_CASE(equals_take_turns_from_where_the_seed_says) {
  LeastLoaded<int> items;
  for (const int item : {9, 2, 7}) items.put(item, 4);
  items.put(1, 3);
  const auto order = [&](std::uint64_t seed) {
    std::vector<int> seen;
    (void)items.first(seed, [&](int item) {
      seen.push_back(item);
      return false;
    });
    return seen;
  };
  BOOST_TEST((order(0) == std::vector<int>{1, 2, 7, 9}));
  BOOST_TEST((order(1) == std::vector<int>{1, 7, 9, 2}));
  BOOST_TEST(items.least() == 3u);
  items.take(1, 3);
  BOOST_TEST(items.least() == 4u);
}

BOOST_AUTO_TEST_CASE(replicas_and_leaders_are_even) {
  for (int number = 1; number <= 7; ++number) add(number);
  for (int i = 0; i < 40; ++i) {
    create(1 + i % 5, static_cast<std::int16_t>(1 + i % 4));
    BOOST_TEST(spread_of(1, 7, &NodeLoad::replicas) <= 1u, "after " << i);
    BOOST_TEST(spread_of(1, 7, &NodeLoad::leads) <= 2u, "after " << i);
  }
}

BOOST_AUTO_TEST_CASE(replicas_are_in_different_racks_while_there_are_some) {
  for (int number = 1; number <= 9; ++number) add(number, std::string(1, static_cast<char>('a' + number % 3)));
  create(300, 3);
  create(50, 2);
  create(20, 5);
  const auto view = this->view();
  for (const auto& [name, topic] : image.topics())
    for (const auto& placement : topic.placements)
      BOOST_TEST(view.racks(placement.voters) == std::min<std::size_t>(3, placement.voters.size()));
  BOOST_TEST(spread_of(1, 9, &NodeLoad::replicas) <= 1u);
  BOOST_TEST(spread_of(1, 9, &NodeLoad::leads) <= 2u);
}

// The other replicas of a node's partitions are spread too, so that its death loads everyone alike.
BOOST_AUTO_TEST_CASE(nodes_do_not_share_everything_with_their_neighbours) {
  for (int number = 1; number <= 9; ++number) add(number);
  create(900, 3);
  std::map<NodeId, int> together;
  for (const auto& placement : image.topics().begin()->second.placements)
    if (std::count(placement.voters.begin(), placement.voters.end(), NodeId(1)) > 0)
      for (const NodeId node : placement.voters) ++together[node];
  BOOST_TEST(together.size() == 9u);
  together.erase(NodeId(1)); // 600 in 8 nodes: 75 each
  for (const auto& [node, count] : together) BOOST_TEST((count > 40 && count < 120), node.value << ": " << count);
}

BOOST_AUTO_TEST_CASE(nodes_that_are_alive_come_first) {
  for (int number = 1; number <= 5; ++number) add(number, number < 3 ? "a" : "b");
  for (const int number : {3, 4, 5}) liveness.alive.erase(NodeId(number));
  liveness.gone.insert(NodeId(5));
  create(10, 2);
  create(10, 3);
  for (const auto& placement : image.topics().at("topic-0").placements)
    BOOST_TEST((std::set(placement.voters.begin(), placement.voters.end()) == std::set{NodeId(1), NodeId(2)}));
  for (const auto& placement : image.topics().at("topic-1").placements) {
    BOOST_TEST(placement.voters.size() == 3u);
    BOOST_TEST(placement.voters.front().value < 3);
    BOOST_TEST(placement.voters.back().value >= 3);
  }
}

BOOST_AUTO_TEST_CASE(draining_and_removed_nodes_get_nothing) {
  for (int number = 1; number <= 3; ++number) add(number);
  add(4, {}, NodeStatus::draining);
  add(5, {}, NodeStatus::removed);
  const auto view = this->view();
  BOOST_TEST(view.active() == 3u);
  BOOST_TEST((view.is_active(NodeId(3)) && !view.is_leaving(NodeId(3))));
  for (const int number : {4, 5, 6}) BOOST_TEST((!view.is_active(NodeId(number)) && view.is_leaving(NodeId(number))));
  create(30, 3);
  BOOST_TEST((image.load(NodeId(4)) == NodeLoad{}));
  BOOST_TEST((image.load(NodeId(5)) == NodeLoad{}));
  BOOST_TEST(!view.another(std::vector{NodeId(1), NodeId(2), NodeId(3)}, 1, false).has_value());
}

BOOST_AUTO_TEST_CASE(the_same_cluster_gives_the_same_placement) {
  Cluster other;
  for (int number = 1; number <= 6; ++number) add(number), other.add(number);
  for (const std::int16_t factor : {3, 1, -1}) create(10, factor), other.create(10, factor);
  BOOST_TEST((image.topics() == other.image.topics()));
}

// Counted, not timed: nodes and racks looked at for one partition of three replicas.
BOOST_AUTO_TEST_CASE(a_replica_costs_no_look_at_every_node) {
  const auto looked_at = [](int nodes, int racks) {
    Cluster cluster;
    for (int number = 1; number <= nodes; ++number) cluster.add(number, std::to_string(number % racks));
    auto view = cluster.view();
    constexpr std::uint64_t partitions = 1000;
    for (std::uint64_t group = 2; group < 2 + partitions; ++group)
      view.add(view.place({3, 0}, spread_seed(GroupId(group))));
    return static_cast<double>(view.looked_at()) / partitions;
  };
  for (const int racks : {1, 3, 10, 100}) {
    const auto few = looked_at(std::max(10, racks), racks);
    const auto many = looked_at(100, racks);
    BOOST_TEST(few < 20, racks << " racks: " << few);
    BOOST_TEST(many < 20, racks << " racks: " << many);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::metadata
