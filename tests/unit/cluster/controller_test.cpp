#include "cluster/metadata/controller.h"

#include <boost/test/unit_test.hpp>

#include "controller_harness.h"

namespace callboard::test {
namespace {

constexpr Duration long_enough = std::chrono::minutes(11);

struct Harness : ControlledCluster {
  std::vector<NodeId> join_many(int count) {
    std::vector<NodeId> nodes;
    for (int i = 0; i < count; ++i) nodes.push_back(join());
    settle();
    return nodes;
  }
  bool holds_nothing(NodeId node) const {
    return std::none_of(groups.begin(), groups.end(), [&](const auto& group) {
      return group.first != metadata_group && has_replica(group.second, node);
    });
  }
  OperationStatus only_operation() const {
    const auto operations = controller.operations(image);
    BOOST_REQUIRE_EQUAL(operations.size(), 1u);
    return operations.front();
  }
  std::string refusal(NodeId node) const {
    const auto planned = controller.plan_remove(image, node);
    return planned.ok() ? "" : planned.error().message;
  }
  void remove(NodeId node) { apply(must(controller.plan_remove(image, node))); }
};

// Of four nodes the first is to let go of its part of forty partitions.
void begin_large_drain(ControlledCluster& cluster) {
  for (int i = 0; i < 4; ++i) cluster.join();
  cluster.settle();
  cluster.create("orders", 40, 1);
  cluster.drain(NodeId(1));
}

BOOST_FIXTURE_TEST_SUITE(controller, Harness)

BOOST_AUTO_TEST_CASE(topics_of_the_default_factor_grow_with_the_cluster) {
  join();
  settle();
  create("orders", 3);
  create("fixed", 2, 1);
  join();
  settle();
  for (const auto& placement : placements("orders"))
    BOOST_TEST((placement == Placement{{NodeId(1)}, {NodeId(2)}, false}));
  join();
  settle();
  for (const auto& placement : placements("orders")) BOOST_TEST(placement.voters.size() == 3u);
  for (const auto& placement : placements("fixed")) BOOST_TEST((placement == Placement{{NodeId(1)}, {}, true}));
  for (const auto& [id, group] : groups) BOOST_TEST(is_settled(group, *image.placement_of(id)));
  BOOST_TEST(controller.operations(image).empty());
  BOOST_TEST(!controller.has_work(now));
}

BOOST_AUTO_TEST_CASE(the_factor_does_not_grow_by_half) {
  join_many(2);
  create("orders", 1);
  const auto third = join();
  controller.node_down(image, third, now);
  settle();
  BOOST_TEST(placements("orders").front().voters.size() == 1u);
  up(third);
  settle();
  BOOST_TEST(placements("orders").front().voters.size() == 3u);
}

BOOST_AUTO_TEST_CASE(the_metadata_is_voted_on_by_1_3_or_5) {
  const std::vector<std::size_t> voters{1, 1, 3, 3, 5, 5};
  for (std::size_t i = 0; i < voters.size(); ++i) {
    join(std::string(1, static_cast<char>('a' + i % 3)));
    settle();
    BOOST_TEST(image.controllers()->voters.size() == voters[i], "with " << i + 1);
    BOOST_TEST(all(*image.controllers()).size() == i + 1);
  }
  BOOST_TEST(PlacementView(image, controller.liveness()).racks(image.controllers()->voters) == 3u);
  const auto voter = image.controllers()->voters.front();
  drain(voter);
  settle();
  BOOST_TEST(!contains(image.controllers()->voters, voter));
  BOOST_TEST(contains(image.controllers()->learners, voter));
  BOOST_TEST(image.controllers()->voters.size() == 5u);
}

BOOST_AUTO_TEST_CASE(four_that_are_there_vote_with_three_until_the_fifth_is_back) {
  const auto nodes = join_many(5);
  down(nodes[4]);
  settle();
  BOOST_TEST(image.controllers()->voters.size() == 5u);
  pass(std::chrono::minutes(11));
  settle();
  BOOST_TEST(image.controllers()->voters.size() == 3u);
  BOOST_TEST(!contains(image.controllers()->voters, nodes[4]));
  up(nodes[4]);
  settle();
  BOOST_TEST(image.controllers()->voters.size() == 5u);
}

BOOST_AUTO_TEST_CASE(three_of_which_one_is_gone_stay_three) {
  const auto nodes = join_many(3);
  down(nodes[2]);
  pass(std::chrono::minutes(11));
  settle();
  BOOST_TEST(image.controllers()->voters.size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_node_that_ends_before_anybody_heard_it_is_gone_too) {
  join_many(3);
  const auto dead = join({}, false);
  pass(std::chrono::minutes(1));
  controller.node_down(image, dead, now); // as the failure detector says of who was never heard
  BOOST_TEST(!controller.liveness().gone.contains(dead));
  pass(long_enough);
  BOOST_TEST(controller.liveness().gone.contains(dead));
}

BOOST_AUTO_TEST_CASE(a_node_that_is_gone_for_long_is_replaced_where_another_can_take_it) {
  const auto nodes = join_many(3);
  create("orders", 4);
  down(nodes[2]);
  pass(std::chrono::minutes(9));
  settle();
  BOOST_TEST(image.load(nodes[2]).replicas == 4u);
  BOOST_TEST(controller.operations(image).empty());
  pass(std::chrono::minutes(2));
  settle();
  BOOST_TEST(image.load(nodes[2]).replicas == 4u);
  const auto waiting = only_operation();
  BOOST_TEST((waiting.what == MoveReason::replace && waiting.node == nodes[2]));
  BOOST_TEST(waiting.done == 0u);
  BOOST_TEST(waiting.total == 4u);
  BOOST_TEST(waiting.waiting == "4 partitions find no other node that is alive and could take a replica; add a node. "
                                "It votes on the metadata, and no other node that is alive can take the vote.");
  join();
  settle();
  BOOST_TEST(image.load(nodes[2]).replicas == 0u);
  BOOST_TEST(holds_nothing(nodes[2]));
  BOOST_TEST(controller.operations(image).empty());
  BOOST_TEST(image.load(NodeId(4)).replicas == 4u);
  remove(nodes[2]);
  settle();
  BOOST_TEST((image.node(nodes[2])->status == NodeStatus::removed));
}

BOOST_AUTO_TEST_CASE(a_node_that_comes_back_in_time_keeps_its_replicas) {
  const auto nodes = join_many(4);
  create("orders", 8, 3);
  const auto before = placements("orders");
  down(nodes[0]);
  pass(std::chrono::minutes(9));
  up(nodes[0]);
  pass(std::chrono::minutes(9));
  settle();
  BOOST_TEST((placements("orders") == before));
}

BOOST_AUTO_TEST_CASE(a_drained_node_ends_up_empty_and_can_go) {
  const auto nodes = join_many(4);
  create("orders", 20);
  create("single", 10, 1);
  const auto total = image.load(nodes[0]).replicas;
  BOOST_REQUIRE(total > 0);
  BOOST_TEST(refusal(nodes[0]).starts_with("Node 1 cannot be removed: it holds "));
  drain(nodes[0]);
  BOOST_TEST(only_operation().total == total);
  decide(); // all is decided, nothing has arrived
  BOOST_TEST(image.load(nodes[0]).replicas == 0u);
  const auto operations = controller.operations(image);
  BOOST_TEST((operations.front().what == MoveReason::drain));
  BOOST_TEST(operations.front().done == 0u);
  BOOST_TEST(!refusal(nodes[0]).empty());
  settle();
  BOOST_TEST(holds_nothing(nodes[0]));
  BOOST_TEST((only_operation() == OperationStatus{MoveReason::drain, nodes[0], total, total, ""}));
  remove(nodes[0]);
  settle();
  BOOST_TEST(image.next_node().value == 5);
  BOOST_TEST(!contains(all(*image.controllers()), nodes[0]));
}

// Found by seed 74: it was placed as a learner by then, and was the only voter still.
BOOST_AUTO_TEST_CASE(a_node_stays_until_the_metadata_has_other_voters) {
  const auto nodes = join_many(2);
  BOOST_REQUIRE((image.controllers()->voters == std::vector{nodes[0]}));
  drain(nodes[0]);
  decide();
  BOOST_TEST((image.controllers()->voters == std::vector{nodes[1]}));
  BOOST_TEST(refusal(nodes[0]) == "Node 1 cannot be removed: it holds 1 replica; wait until it is drained.");
  settle();
  BOOST_TEST(refusal(nodes[0]) == "");
}

BOOST_AUTO_TEST_CASE(a_drain_from_three_to_two_leaves_one_voter_and_a_learner) {
  const auto nodes = join_many(3);
  create("orders", 4);
  create("fixed", 4, 3);
  drain(nodes[1]);
  settle();
  for (const auto& placement : placements("orders")) {
    BOOST_TEST(placement.voters.size() == 1u);
    BOOST_TEST(placement.learners.size() == 1u);
    BOOST_TEST(!contains(all(placement), nodes[1]));
  }
  for (const auto& placement : placements("fixed")) BOOST_TEST(contains(placement.voters, nodes[1]));
  BOOST_TEST(only_operation().waiting ==
             "4 partitions find no other node that is alive and could take a replica; add a node.");
  BOOST_TEST(refusal(nodes[1]) == "Node 2 cannot be removed: it holds 4 replicas; wait until it is drained.");
  BOOST_TEST(image.controllers()->voters.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_drain_can_be_called_off) {
  const auto nodes = join_many(3);
  create("orders", 4, 3);
  drain(nodes[1]);
  settle();
  apply(must(plan_cancel_drain(image, nodes[1])));
  settle();
  BOOST_TEST(controller.operations(image).empty());
  join();
  settle();
  BOOST_TEST(image.load(nodes[1]).replicas == 4u);
}

BOOST_AUTO_TEST_CASE(the_last_copy_is_never_given_up) {
  const auto nodes = join_many(3);
  create("single", 6, 1);
  const auto held = image.load(nodes[1]).replicas;
  BOOST_REQUIRE(held > 0);
  down(nodes[1]);
  pass(long_enough);
  drain(nodes[1]);
  settle();
  BOOST_TEST(image.load(nodes[1]).replicas == held);
  BOOST_TEST(only_operation().waiting.starts_with(std::to_string(held) + " partitions have no leader that is alive"));
  BOOST_TEST(!refusal(nodes[1]).empty());
  up(nodes[1]); // and its groups elect
  settle();
  BOOST_TEST(holds_nothing(nodes[1]));
  BOOST_TEST(refusal(nodes[1]) == "");
}

BOOST_AUTO_TEST_CASE(moves_are_bounded_at_a_time) {
  ControllerSettings settings;
  settings.moves_max = 5;
  ControlledCluster cluster(settings);
  begin_large_drain(cluster);
  const auto before = cluster.image.load(NodeId(1)).replicas;
  cluster.decide();
  BOOST_TEST(before - cluster.image.load(NodeId(1)).replicas == 5u);
  BOOST_TEST(cluster.controller.moving().size() == 6u); // and the vote on the metadata
  cluster.settle();
  BOOST_TEST(cluster.image.load(NodeId(1)).replicas == 0u);
}

// Also of one topic: an entry of the log is bounded.
BOOST_AUTO_TEST_CASE(records_are_bounded_at_a_time) {
  ControllerSettings settings;
  settings.records_per_step = 3;
  ControlledCluster cluster(settings);
  begin_large_drain(cluster);
  std::size_t taken = 0;
  while (cluster.controller.has_work(cluster.now)) {
    const auto step = cluster.controller.step(cluster.image, cluster.now);
    BOOST_REQUIRE(step.records.size() <= 4u); // and the vote on the metadata
    cluster.apply(step.records);
    ++taken;
  }
  BOOST_TEST((taken >= 4u && taken <= 8u), taken);
  BOOST_TEST(cluster.image.load(NodeId(1)).replicas == 0u);
}

BOOST_AUTO_TEST_CASE(a_rebalance_evens_out_replicas_and_leaders_when_asked) {
  join_many(3);
  create("orders", 60, 3);
  create("single", 31, 1);
  join_many(3);
  BOOST_TEST(image.load(NodeId(6)).replicas == 0u);
  controller.rebalance();
  BOOST_TEST((only_operation().what == MoveReason::rebalance));
  settle();
  for (int node = 1; node <= 6; ++node) {
    const auto load = image.load(NodeId(node)); // 211 replicas, 91 leaders over 6
    BOOST_TEST((load.replicas >= 34 && load.replicas <= 37), node << ": " << load.replicas);
    BOOST_TEST((load.leads >= 13 && load.leads <= 17), node << ": " << load.leads);
  }
  BOOST_TEST(controller.operations(image).empty());
  BOOST_TEST(!controller.cancel_rebalance());
}

BOOST_AUTO_TEST_CASE(partitions_are_moved_by_hand_and_back) {
  join_many(4);
  create("orders", 2, 1);
  const auto move = [&](std::optional<std::vector<NodeId>> to) {
    return must(plan_topic_move(image, leaders, controller.liveness(), {"orders", {{0, std::move(to)}}, true}));
  };
  const auto home = placements("orders")[0].voters;
  const std::vector<NodeId> there{NodeId(3), NodeId(4)};
  BOOST_TEST((move(std::nullopt).outcomes[0].error().code == ErrorCode::no_reassignment_in_progress));
  const auto planned = move(there);
  BOOST_TEST(planned.outcomes[0].ok());
  BOOST_REQUIRE(planned.records.size() == 1u);
  BOOST_TEST(std::holds_alternative<PlacementRecord>(planned.records[0]));
  apply(planned.records);
  BOOST_TEST((only_operation() == OperationStatus{MoveReason::by_hand, no_node, 0, 1, ""}));
  BOOST_TEST((controller.moving() == std::vector{image.topic("orders")->groups[0]}));
  apply(move(std::nullopt).records);
  BOOST_TEST((placements("orders")[0].voters == home));
  BOOST_TEST(controller.moving().empty());
  apply(move(there).records);
  settle();
  BOOST_TEST((groups[image.topic("orders")->groups[0]].voters == there));
  BOOST_TEST(controller.operations(image).empty());
}

BOOST_AUTO_TEST_CASE(moves_that_cannot_be_are_refused_one_by_one) {
  join_many(3);
  create("orders", 3, 2);
  drain(NodeId(3));
  const auto planned = must(plan_topic_move(image, leaders, controller.liveness(),
                                            {"orders",
                                             {{0, {{NodeId(2), NodeId(1)}}},
                                              {9, {{NodeId(1)}}},
                                              {1, {{NodeId(3)}}},
                                              {1, {{NodeId(1), NodeId(1)}}},
                                              {1, std::vector<NodeId>{}},
                                              {2, {{NodeId(1)}}}},
                                             false}));
  const auto code = [&](std::size_t i) {
    return planned.outcomes[i].ok() ? ErrorCode::none : planned.outcomes[i].error().code;
  };
  BOOST_TEST((code(0) == ErrorCode::none));
  BOOST_TEST((code(1) == ErrorCode::unknown_topic_or_partition));
  for (const std::size_t i : {2u, 3u, 4u}) BOOST_TEST((code(i) == ErrorCode::invalid_replica_assignment), i);
  BOOST_TEST((code(5) == ErrorCode::invalid_replication_factor));
  BOOST_REQUIRE(planned.records.size() == 1u);
  const auto& moved = std::get<PlacementRecord>(planned.records[0]);
  BOOST_TEST((moved.group == image.topic("orders")->groups[0]));
  BOOST_TEST((moved.placement.voters == std::vector{NodeId(2), NodeId(1)}));
  BOOST_TEST((plan_topic_move(image, leaders, controller.liveness(), {"other", {}, true}).error().code ==
              ErrorCode::unknown_topic_or_partition));
}

BOOST_AUTO_TEST_CASE(preferred_leaders_lead_again_once_they_are_in_sync) {
  const auto nodes = join_many(3);
  create("orders", 6);
  settle();
  down(nodes[0]);
  settle();
  up(nodes[0]);
  settle();
  const auto led_by_others = [&] {
    return std::count_if(groups.begin(), groups.end(), [&](const auto& group) {
      return group.first != metadata_group && group.second.leader != image.placement_of(group.first)->voters.front();
    });
  };
  BOOST_TEST(led_by_others() == 2);
  pass(std::chrono::seconds(9));
  settle();
  BOOST_TEST(led_by_others() == 2);
  pass(std::chrono::seconds(1));
  settle();
  BOOST_TEST(led_by_others() == 0);
  const auto group = image.topic("orders")->groups[0];
  const auto refusal = [&](GroupId of) {
    return plan_preferred_leader(image, leaders, controller.liveness(), of).error().code;
  };
  BOOST_TEST((refusal(group) == ErrorCode::election_not_needed));
  BOOST_TEST((refusal(GroupId(999)) == ErrorCode::unknown_topic_or_partition));
  down(image.placement_of(group)->voters.front());
  BOOST_TEST((refusal(group) == ErrorCode::leader_not_available));
  elect();
  BOOST_TEST((refusal(group) == ErrorCode::preferred_leader_not_available));
}

BOOST_AUTO_TEST_CASE(what_could_not_be_written_is_decided_again) {
  const auto nodes = join_many(4);
  create("orders", 20, 2);
  drain(nodes[0]);
  const auto step = controller.step(image, now);
  BOOST_REQUIRE(step.records.size() == 11u); // the metadata's voters and what the node holds
  for (std::size_t i = 1; i < step.records.size(); ++i)
    BOOST_TEST(std::holds_alternative<PlacementRecord>(step.records[i]), i);
  BOOST_TEST(controller.step(image, now).records.empty());
  controller.refused();
  // A log that is full refuses at once: not again before time has passed.
  BOOST_TEST(!controller.has_work(now));
  pass(std::chrono::milliseconds(500));
  settle();
  BOOST_TEST(holds_nothing(nodes[0]));
}

BOOST_AUTO_TEST_CASE(the_next_controller_goes_on_where_the_last_one_was) {
  const auto nodes = join_many(4);
  create("orders", 20, 2);
  drain(nodes[0]);
  decide();
  const auto moving = controller.moving();
  BOOST_REQUIRE(!moving.empty());
  controller.begin(image, controller.liveness().alive, now);
  BOOST_TEST((controller.moving() == moving));
  BOOST_TEST(only_operation().total > 0u);
  settle();
  BOOST_TEST(holds_nothing(nodes[0]));
}

BOOST_AUTO_TEST_SUITE_END()

struct Joining {
  Image image;
  Liveness liveness;
  JoinRequest request;

  Joining() { request = asking(1); }
  static JoinRequest asking(std::uint8_t identity) {
    JoinRequest request;
    request.identity.bytes[3] = identity;
    request.peer = request.client = {"10.0.0." + std::to_string(identity), 9092};
    return request;
  }
  NodeRecord join(const JoinRequest& from) {
    const auto record = ControlledCluster::must(plan_join(image, from, liveness));
    image.apply(record);
    liveness.alive.insert(record.id);
    return record;
  }
};

BOOST_FIXTURE_TEST_SUITE(node_commands, Joining)

BOOST_AUTO_TEST_CASE(the_same_data_directory_is_the_same_node) {
  BOOST_TEST(join(asking(1)).id.value == 1);
  BOOST_TEST(join(asking(2)).id.value == 2);
  auto moved = asking(1);
  moved.peer.host = "10.0.0.77";
  BOOST_TEST(join(moved).id.value == 1);
  BOOST_TEST(image.node(NodeId(1))->peer.host == "10.0.0.77");
  image.apply(ControlledCluster::must(plan_drain(image, NodeId(1))));
  BOOST_TEST((join(asking(1)).status == NodeStatus::draining));
}

BOOST_AUTO_TEST_CASE(two_living_nodes_have_different_addresses) {
  join(asking(1));
  auto other = asking(2);
  other.client = {"10.0.0.1", 9092};
  const auto refused = plan_join(image, other, liveness);
  BOOST_TEST((refused.error().code == ErrorCode::duplicate_broker_registration));
  BOOST_TEST(refused.error().message ==
             "The node with the identity " + other.identity.hex() +
                 " says that it is reached at 10.0.0.1:9092, but node 1, which is alive, is reached there; give one of "
                 "them another address with --advertise.");
  liveness.alive.clear(); // its directory was wiped
  BOOST_TEST(join(other).id.value == 2);
}

BOOST_AUTO_TEST_CASE(a_removed_node_does_not_come_back) {
  join(asking(1));
  auto record = join(asking(2));
  record.status = NodeStatus::removed;
  image.apply(record);
  BOOST_TEST((plan_join(image, asking(2), liveness).error().code == ErrorCode::duplicate_broker_registration));
  BOOST_TEST((plan_drain(image, NodeId(2)).error().code == ErrorCode::broker_id_not_registered));
  BOOST_TEST(join(asking(3)).id.value == 3);
  JoinRequest nobody;
  BOOST_TEST((plan_join(image, nobody, liveness).error().code == ErrorCode::invalid_request));
}

BOOST_AUTO_TEST_CASE(the_last_active_node_does_not_drain) {
  join(asking(1));
  BOOST_TEST((plan_drain(image, NodeId(1)).error().code == ErrorCode::invalid_request));
  BOOST_TEST((plan_drain(image, NodeId(5)).error().code == ErrorCode::broker_id_not_registered));
  join(asking(2));
  image.apply(ControlledCluster::must(plan_drain(image, NodeId(1))));
  BOOST_TEST((plan_drain(image, NodeId(2)).error().code == ErrorCode::invalid_request));
  BOOST_TEST((plan_cancel_drain(image, NodeId(1))->status == NodeStatus::active));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::test
