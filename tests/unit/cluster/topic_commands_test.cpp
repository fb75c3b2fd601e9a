#include "cluster/metadata/topic_commands.h"

#include <boost/test/unit_test.hpp>

namespace callboard::metadata {
namespace {

constexpr NodeId node{3};

struct Commands {
  Image image;
  TopicDefaults defaults;
  Liveness liveness{{node}, {}};
  Uuid fresh;

  Commands() {
    fresh.bytes[0] = 9;
    image.apply(NodeRecord{node, Uuid{}, {}, {}, {}, {}});
    defaults.partitions = 4;
    defaults.partitions_max = 100;
  }
  void add_node(std::int32_t number, NodeStatus status = NodeStatus::active) {
    image.apply(NodeRecord{NodeId(number), Uuid{}, {}, {}, {}, {}, status});
    liveness.alive.insert(NodeId(number));
  }
  static CreateTopicCommand topic(std::string name, std::int32_t partitions = -1, std::int16_t factor = -1) {
    CreateTopicCommand command;
    command.name = std::move(name);
    command.partitions = partitions;
    command.replication_factor = factor;
    return command;
  }
  ErrorCode refusal(const CreateTopicCommand& command) const {
    const auto record = plan_create_topic(image, command, defaults, liveness, fresh);
    if (record.ok()) return ErrorCode::none;
    BOOST_TEST(!record.error().message.empty());
    return record.error().code;
  }
};

BOOST_FIXTURE_TEST_SUITE(topic_commands, Commands)

BOOST_AUTO_TEST_CASE(a_topic_gets_a_group_for_each_partition) {
  image.apply(TopicRecord{Uuid{}, "older", {GroupId(2)}, {}});
  auto command = topic("orders", 3, 1);
  command.configs = {{"retention.ms", "5"}};
  const auto record = plan_create_topic(image, command, defaults, liveness, fresh);
  BOOST_REQUIRE(record.ok());
  const Placement here{{node}, {}, true};
  BOOST_TEST(
      (*record ==
       TopicRecord{
           fresh, "orders", {GroupId(3), GroupId(4), GroupId(5)}, {{"retention.ms", "5"}}, {here, here, here}, false}));
  BOOST_TEST(plan_create_topic(image, topic("other"), defaults, liveness, fresh)->groups.size() == 4u);
}

BOOST_AUTO_TEST_CASE(names_are_kafkas) {
  for (const auto* name : {"a", "A.b_c-9", "...", "__internal"}) {
    BOOST_TEST((refusal(topic(name)) == ErrorCode::none), name);
  }
  BOOST_TEST((refusal(topic(std::string(249, 'x'))) == ErrorCode::none));
  for (const auto* name : {"", ".", "..", "../etc", "a b", "a/b", "\xc3\xa9", "a\n"}) {
    BOOST_TEST((refusal(topic(name)) == ErrorCode::invalid_topic), name);
  }
  BOOST_TEST((refusal(topic(std::string("a\0b", 3))) == ErrorCode::invalid_topic));
  BOOST_TEST((refusal(topic(std::string(250, 'x'))) == ErrorCode::invalid_topic));
}

BOOST_AUTO_TEST_CASE(a_name_is_taken_until_its_topic_is_gone) {
  image.apply(TopicRecord{fresh, "a.b", {GroupId(2)}, {}});
  BOOST_TEST((refusal(topic("a.b")) == ErrorCode::topic_already_exists));
  BOOST_TEST((refusal(topic("a_b")) == ErrorCode::none));
  image.apply(plan_delete_topic(image, "a.b")->removed);
  BOOST_TEST((refusal(topic("a.b")) == ErrorCode::none));
}

BOOST_AUTO_TEST_CASE(numbers_out_of_range_are_refused) {
  BOOST_TEST((refusal(topic("t", 0)) == ErrorCode::invalid_partitions));
  BOOST_TEST((refusal(topic("t", -2)) == ErrorCode::invalid_partitions));
  BOOST_TEST((refusal(topic("t", 101)) == ErrorCode::invalid_partitions));
  BOOST_TEST((refusal(topic("t", 100)) == ErrorCode::none));
  BOOST_TEST((refusal(topic("t", 1, 3)) == ErrorCode::invalid_replication_factor));
  BOOST_TEST((refusal(topic("t", 1, 0)) == ErrorCode::invalid_replication_factor));
  auto command = topic("t");
  command.configs = {{"nonsense", "1"}};
  BOOST_TEST((refusal(command) == ErrorCode::invalid_config));
}

BOOST_AUTO_TEST_CASE(assignments_must_fit_the_cluster) {
  auto command = topic("t");
  command.assignments = {{1, {node}}, {0, {node}}};
  BOOST_TEST(plan_create_topic(image, command, defaults, liveness, fresh)->groups.size() == 2u);
  const auto assigned = [&](std::vector<PartitionAssignment> assignments) {
    command.assignments = std::move(assignments);
    return refusal(command);
  };
  BOOST_TEST((assigned({{0, {node}}, {0, {node}}}) == ErrorCode::invalid_replica_assignment));
  BOOST_TEST((assigned({{1, {node}}}) == ErrorCode::invalid_replica_assignment));
  BOOST_TEST((assigned({{-1, {node}}}) == ErrorCode::invalid_replica_assignment));
  BOOST_TEST((assigned({{0, {}}}) == ErrorCode::invalid_replica_assignment));
  BOOST_TEST((assigned({{0, {NodeId(7)}}}) == ErrorCode::invalid_replica_assignment));
  BOOST_TEST((assigned({{0, {node, node}}}) == ErrorCode::invalid_replica_assignment));
  BOOST_TEST((assigned(std::vector<PartitionAssignment>(101)) == ErrorCode::invalid_partitions));
  command.partitions = 1;
  BOOST_TEST((assigned({{0, {node}}}) == ErrorCode::invalid_request));
}

BOOST_AUTO_TEST_CASE(the_only_node_is_named_as_such) {
  const auto factor = plan_create_topic(image, topic("t", 1, 3), defaults, liveness, fresh);
  BOOST_TEST(factor.error().message ==
             "Replication factor 3 needs as many nodes; this cluster has 1. Give 1, or -1 for the default.");
  auto command = topic("t");
  command.assignments = {{0, {NodeId(7)}}};
  BOOST_TEST(plan_create_topic(image, command, defaults, liveness, fresh).error().message ==
             "The assignment of partition 0 must name node 3 and no other: it is the only one.");
}

BOOST_AUTO_TEST_CASE(without_a_record_of_nodes_node_1_is_the_only_one) {
  const auto record = plan_create_topic(Image(), topic("t", 2), defaults, liveness, fresh);
  BOOST_REQUIRE(record.ok());
  BOOST_TEST((record->placements == std::vector<Placement>(2, {{NodeId(1)}, {}, true})));
  BOOST_TEST((plan_create_topic(Image(), topic("t", 1, 2), defaults, liveness, fresh).error().code ==
              ErrorCode::invalid_replication_factor));
}

BOOST_AUTO_TEST_CASE(the_factor_goes_by_the_active_nodes) {
  const auto placements = [&](std::int16_t factor) {
    const auto record = plan_create_topic(image, topic("t", 6, factor), defaults, liveness, fresh);
    if (!record.ok()) BOOST_FAIL(record.error().message);
    BOOST_TEST(record->default_factor == (factor == -1));
    return record->placements;
  };
  add_node(4);
  for (const auto& placement : placements(-1)) {
    BOOST_TEST(placement.voters.size() == 1u);
    BOOST_TEST(placement.learners.size() == 1u);
  }
  for (const auto& placement : placements(2)) BOOST_TEST(placement.voters.size() == 2u);
  add_node(5);
  add_node(6, NodeStatus::draining);
  add_node(7, NodeStatus::removed);
  for (const auto& placement : placements(-1)) {
    BOOST_TEST(placement.voters.size() == 3u);
    BOOST_TEST(placement.learners.empty());
  }
  BOOST_TEST(plan_create_topic(image, topic("t", 1, 4), defaults, liveness, fresh).error().message ==
             "Replication factor 4 needs as many nodes; this cluster has 3. Give 1 to 3, or -1 for the default.");
}

BOOST_AUTO_TEST_CASE(assignments_name_active_nodes_the_preferred_leader_first) {
  add_node(4);
  add_node(5);
  add_node(6, NodeStatus::draining);
  auto command = topic("t");
  command.assignments = {{1, {NodeId(5), node}}, {0, {NodeId(4), NodeId(5)}}};
  const auto record = plan_create_topic(image, command, defaults, liveness, fresh);
  BOOST_REQUIRE(record.ok());
  BOOST_TEST((record->placements ==
              std::vector<Placement>{{{NodeId(4), NodeId(5)}, {}, true}, {{NodeId(5), node}, {}, true}}));
  BOOST_TEST(!record->default_factor);
  const auto message = [&](std::vector<PartitionAssignment> assignments) {
    command.assignments = std::move(assignments);
    const auto refused = plan_create_topic(image, command, defaults, liveness, fresh);
    BOOST_TEST((refused.error().code == ErrorCode::invalid_replica_assignment));
    return refused.error().message;
  };
  const std::string which = "The assignment of partition 0 names ";
  BOOST_TEST(message({{0, {}}}) == which + "no node; give one or more, the preferred leader first.");
  BOOST_TEST(message({{0, {node, node}}}) == which + "node 3 twice.");
  BOOST_TEST(message({{0, {NodeId(9)}}}) == which + "node 9, which this cluster does not have.");
  BOOST_TEST(message({{0, {NodeId(6)}}}) == which + "node 6, which is being drained.");
  BOOST_TEST(message({{1, {node, NodeId(4)}}, {0, {node}}}) ==
             which + "1 nodes where another names 2; give each partition as many.");
}

BOOST_AUTO_TEST_CASE(topics_are_deleted_by_name_or_id) {
  image.apply(TopicRecord{fresh, "orders", {GroupId(2)}, {}});
  BOOST_TEST((plan_delete_topic(image, "orders")->removed == TopicRemovedRecord{fresh, GroupId(3), "orders"}));
  BOOST_TEST((plan_delete_topic(image, fresh)->removed.id == fresh));
  BOOST_TEST((plan_delete_topic(image, "other").error().code == ErrorCode::unknown_topic_or_partition));
  BOOST_TEST((plan_delete_topic(image, Uuid{}).error().code == ErrorCode::unknown_topic_id));
}

BOOST_AUTO_TEST_CASE(what_was_placed_by_itself_is_forgotten_with_its_topic) {
  image.apply(TopicRecord{fresh, "orders", {GroupId(2), GroupId(3), GroupId(4)}, {}});
  for (const auto group : {GroupId(3), GroupId(9)}) image.apply(PlacementRecord{group, {{node}, {}, false}});
  const auto records = plan_delete_topic(image, "orders")->records();
  const std::vector<MetadataRecord> wanted{TopicRemovedRecord{fresh, GroupId(5), "orders"},
                                           PlacementForgottenRecord{GroupId(3)}};
  BOOST_TEST((records == wanted));
}

BOOST_AUTO_TEST_CASE(the_brokers_own_topics_are_made_by_the_broker_alone) {
  auto command = topic("__consumer_offsets", 16);
  BOOST_TEST((refusal(command) == ErrorCode::invalid_topic));
  command.internal = true;
  const auto record = plan_create_topic(image, command, defaults, liveness, fresh);
  BOOST_REQUIRE(record.ok());
  image.apply(*record);
  BOOST_TEST((plan_delete_topic(image, "__consumer_offsets").error().code == ErrorCode::invalid_topic));
  BOOST_TEST((plan_delete_topic(image, fresh).error().code == ErrorCode::invalid_topic));
}

BOOST_AUTO_TEST_CASE(producer_ids_come_in_blocks) {
  BOOST_TEST(plan_producer_ids(image).next.value == 1000);
  image.apply(plan_producer_ids(image));
  BOOST_TEST(plan_producer_ids(image).next.value == 2000);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::metadata
