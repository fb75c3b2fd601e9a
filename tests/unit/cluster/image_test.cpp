#include "cluster/metadata/image.h"

#include <boost/test/unit_test.hpp>

namespace callboard::metadata {
namespace {

Uuid id(std::uint8_t number) {
  Uuid uuid;
  uuid.bytes[15] = number;
  return uuid;
}

BOOST_AUTO_TEST_SUITE(image)

BOOST_AUTO_TEST_CASE(finds_topics_by_name_id_and_group) {
  Image image;
  BOOST_TEST(image.next_group().value == 2u);
  image.apply(TopicRecord{id(1), "orders", {GroupId(2), GroupId(3)}, {}});
  image.apply(TopicRecord{id(2), "bills", {GroupId(4)}, {}});
  BOOST_REQUIRE(image.topic("orders") != nullptr);
  BOOST_TEST((image.topic("orders")->id == id(1)));
  BOOST_TEST(image.topic(id(2))->name == "bills");
  BOOST_TEST((image.partition_of(GroupId(3)) == PartitionOf{id(1), 1}));
  BOOST_TEST(!image.partition_of(GroupId(5)).has_value());
  BOOST_TEST(image.topic("other") == nullptr);
  BOOST_TEST(image.topic(id(3)) == nullptr);
  BOOST_TEST(image.next_group().value == 5u);
  BOOST_TEST(image.topics().begin()->first == "bills");
}

BOOST_AUTO_TEST_CASE(what_was_given_out_is_not_given_out_again) {
  Image image;
  image.apply(TopicRecord{id(1), "orders", {GroupId(2), GroupId(3)}, {}});
  image.apply(TopicRemovedRecord{id(1)});
  image.apply(TopicRemovedRecord{id(1)});
  BOOST_TEST(image.topics().empty());
  BOOST_TEST(!image.partition_of(GroupId(2)).has_value());
  BOOST_TEST(image.next_group().value == 4u);
  image.apply(ProducerIdsRecord{ProducerId(1000)});
  BOOST_TEST(image.next_producer().value == 1000);
}

// Compaction leaves of a topic that it is gone.
BOOST_AUTO_TEST_CASE(groups_of_a_topic_that_was_never_seen_are_not_given_out) {
  Image image;
  image.apply(TopicRemovedRecord{id(1), GroupId(4)});
  BOOST_TEST(image.next_group().value == 4u);
}

BOOST_AUTO_TEST_CASE(a_topic_may_change_and_come_back_under_another_id) {
  Image image;
  image.apply(TopicRecord{id(1), "orders", {GroupId(2)}, {}});
  image.apply(TopicRecord{id(1), "orders", {GroupId(2), GroupId(3)}, {{"retention.ms", "5"}}});
  BOOST_TEST(image.topic("orders")->groups.size() == 2u);
  BOOST_TEST(image.topic(id(1))->configs.size() == 1u);
  image.apply(TopicRecord{id(2), "orders", {GroupId(4)}, {}});
  BOOST_TEST(image.topic(id(1)) == nullptr);
  BOOST_TEST(image.topics().size() == 1u);
  BOOST_TEST((image.partition_of(GroupId(4)) == PartitionOf{id(2), 0}));
}

NodeRecord node(std::int32_t number) {
  NodeRecord record;
  record.id = NodeId(number);
  record.identity = id(static_cast<std::uint8_t>(number));
  return record;
}

BOOST_AUTO_TEST_CASE(nodes_are_found_by_id_and_identity_and_their_ids_never_come_back) {
  Image image;
  BOOST_TEST(image.next_node().value == 1);
  image.apply(node(1));
  image.apply(node(2));
  auto gone = node(2);
  gone.status = NodeStatus::removed;
  image.apply(gone);
  BOOST_TEST((image.node(NodeId(2))->status == NodeStatus::removed));
  BOOST_TEST(image.node(id(1))->id.value == 1);
  BOOST_TEST(image.node(NodeId(3)) == nullptr);
  BOOST_TEST(image.node(id(3)) == nullptr);
  BOOST_TEST(image.nodes().size() == 2u);
  BOOST_TEST(image.next_node().value == 3);
}

BOOST_AUTO_TEST_CASE(loads_follow_the_placements) {
  Image image;
  TopicRecord orders{id(1), "orders", {GroupId(2), GroupId(3)}, {}};
  orders.placements = {{{NodeId(2), NodeId(1), NodeId(3)}, {}, true}, {{NodeId(3)}, {NodeId(1)}, true}};
  image.apply(orders);
  BOOST_TEST((image.load(NodeId(1)) == NodeLoad{2, 0}));
  BOOST_TEST((image.load(NodeId(2)) == NodeLoad{1, 1}));
  BOOST_TEST((image.load(NodeId(3)) == NodeLoad{2, 1}));
  BOOST_TEST((image.placement_of(GroupId(3)) == Placement{{NodeId(3)}, {NodeId(1)}, true}));
  orders.placements[1] = {{NodeId(1)}, {NodeId(4)}, false};
  image.apply(orders);
  BOOST_TEST((image.load(NodeId(1)) == NodeLoad{2, 1}));
  BOOST_TEST((image.load(NodeId(3)) == NodeLoad{1, 0}));
  BOOST_TEST((image.load(NodeId(4)) == NodeLoad{1, 0}));
  image.apply(TopicRemovedRecord{id(1)});
  for (const int number : {1, 2, 3, 4, 5}) BOOST_TEST((image.load(NodeId(number)) == NodeLoad{}), number);
  BOOST_TEST(!image.placement_of(GroupId(3)).has_value());
}

BOOST_AUTO_TEST_CASE(a_partition_is_placed_by_itself) {
  Image image;
  image.apply(TopicRecord{id(1), "orders", {GroupId(2), GroupId(3)}, {{"retention.ms", "5"}}});
  const Placement there{{NodeId(2)}, {NodeId(3)}, false};
  image.apply(PlacementRecord{GroupId(3), there});
  const auto& orders = *image.topic("orders");
  BOOST_TEST((orders.placement(0) == Placement{{NodeId(1)}, {}, true}));
  BOOST_TEST((orders.placement(1) == there));
  BOOST_TEST((orders.placements.size() == 2u && orders.configs.size() == 1u));
  BOOST_TEST((image.placement_of(GroupId(3)) == there));
  BOOST_TEST((image.load(NodeId(1)) == NodeLoad{1, 1}));
  BOOST_TEST((image.load(NodeId(2)) == NodeLoad{1, 1}));
  BOOST_TEST((image.load(NodeId(3)) == NodeLoad{1, 0}));
  BOOST_TEST(!image.placed_alone(GroupId(2)));
  // A record of the whole topic has the last word.
  image.apply(TopicRecord{id(1), "orders", {GroupId(2), GroupId(3)}, {}, {{{NodeId(1)}, {}, true}, {{NodeId(1)}, {}}}});
  BOOST_TEST((image.load(NodeId(1)) == NodeLoad{2, 2}));
  BOOST_TEST((image.load(NodeId(2)) == NodeLoad{}));
}

// Compaction keeps the placement and only the last record of its topic, which lies behind it.
BOOST_AUTO_TEST_CASE(a_placement_may_come_before_its_topic_or_outlive_it) {
  Image image;
  image.apply(PlacementRecord{GroupId(3), {{NodeId(2)}, {}, false}});
  BOOST_TEST((image.load(NodeId(2)) == NodeLoad{}));
  BOOST_TEST(!image.placement_of(GroupId(3)).has_value());
  image.apply(TopicRecord{id(1), "orders", {GroupId(2), GroupId(3)}, {}});
  BOOST_TEST((image.placement_of(GroupId(3))->voters == std::vector{NodeId(1)}));
  image.apply(TopicRemovedRecord{id(1)});
  BOOST_TEST(image.placed_alone(GroupId(3)));
  image.apply(PlacementForgottenRecord{GroupId(3)});
  BOOST_TEST(!image.placed_alone(GroupId(3)));
}

BOOST_AUTO_TEST_CASE(topics_of_an_old_log_load_node_1) {
  Image image;
  image.apply(TopicRecord{id(1), "orders", {GroupId(2), GroupId(3)}, {}});
  BOOST_TEST((image.load(NodeId(1)) == NodeLoad{2, 2}));
  BOOST_TEST((image.placement_of(GroupId(3)) == Placement{{NodeId(1)}, {}, true}));
  BOOST_TEST(!image.controllers().has_value());
  BOOST_TEST(!image.placement_of(metadata_group).has_value());
  image.apply(ControllersRecord{{{NodeId(1)}, {NodeId(2)}, false}});
  BOOST_TEST((image.placement_of(metadata_group)->learners == std::vector<NodeId>{NodeId(2)}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::metadata
