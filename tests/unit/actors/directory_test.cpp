#include "actors/node/directory.h"

#include <boost/test/unit_test.hpp>

namespace callboard {
namespace {

Uuid uuid_of(std::uint8_t number) {
  Uuid id;
  id.bytes.back() = number;
  return id;
}

// A topic whose groups are numbered on from `first_group`.
TopicRef make_topic(const std::string& name, std::uint8_t id, std::uint64_t first_group, std::size_t partitions = 2) {
  auto record = std::make_shared<TopicRecord>();
  record->id = uuid_of(id);
  record->name = name;
  TopicRef topic;
  for (std::size_t i = 0; i < partitions; ++i) {
    const GroupId group{first_group + i};
    record->groups.push_back(group);
    topic.partitions.push_back({group, {}, Term{1}, NodeId{1}, {}});
  }
  topic.record = std::move(record);
  return topic;
}

BOOST_AUTO_TEST_SUITE(node_directory)

BOOST_AUTO_TEST_CASE(a_topic_is_found_by_name_and_by_id) {
  Directory directory;
  directory.add(make_topic("orders", 1, 10));
  BOOST_REQUIRE(directory.find("orders") != nullptr);
  BOOST_TEST(directory.find("orders") == directory.find(uuid_of(1)));
  BOOST_TEST(directory.find("order") == nullptr);
  BOOST_TEST(directory.find(uuid_of(2)) == nullptr);
  BOOST_TEST(directory.partition_count() == 2U);
}

BOOST_AUTO_TEST_CASE(a_partition_that_does_not_exist_is_not_found) {
  Directory directory;
  directory.add(make_topic("orders", 1, 10));
  BOOST_REQUIRE(directory.find("orders", 1) != nullptr);
  BOOST_TEST((directory.find("orders", 1)->group == GroupId{11}));
  BOOST_TEST(directory.find("orders", 2) == nullptr);
  BOOST_TEST(directory.find("orders", -1) == nullptr);
  BOOST_TEST(directory.find("orders", 2147483647) == nullptr);
  BOOST_TEST(directory.find("nothing", 0) == nullptr);
}

BOOST_AUTO_TEST_CASE(leaders_move_forward_only) {
  Directory directory;
  directory.add(make_topic("orders", 1, 10));
  const auto& partition = *directory.find("orders", 0);
  directory.announced({GroupId{10}, Term{5}, NodeId{2}, 1, {}, {}, {NodeId{2}, NodeId{3}}});
  BOOST_TEST((partition.leader == NodeId{2}));
  BOOST_TEST(partition.in_sync.size() == 2U);
  directory.announced({GroupId{10}, Term{4}, NodeId{3}});
  BOOST_TEST((partition.leader == NodeId{2}));
  BOOST_TEST((partition.term == Term{5}));
  // A follower that has lost sight of it says nothing new about the term.
  directory.announced({GroupId{10}, Term{5}, no_node});
  BOOST_TEST((partition.leader == NodeId{2}));
  // The same term: its leader has stopped.
  directory.announced({GroupId{10}, Term{5}, no_node, 2});
  BOOST_TEST((partition.leader == no_node));
  BOOST_TEST((directory.find("orders", 1)->leader == NodeId{1}));
}

BOOST_AUTO_TEST_CASE(a_leader_of_an_unknown_group_changes_nothing) {
  Directory directory;
  directory.announced({GroupId{99}, Term{1}, NodeId{1}});
  BOOST_TEST(directory.partition_count() == 0U);
}

BOOST_AUTO_TEST_CASE(a_removed_topic_is_gone_in_every_way) {
  Directory directory;
  directory.add(make_topic("orders", 1, 10));
  directory.add(make_topic("payments", 2, 20));
  directory.remove(uuid_of(1));
  BOOST_TEST(directory.find("orders") == nullptr);
  BOOST_TEST(directory.find(uuid_of(1)) == nullptr);
  BOOST_TEST(directory.find("orders", 0) == nullptr);
  BOOST_TEST(directory.partition_count() == 2U);
  BOOST_TEST(directory.topics().size() == 1U);
  directory.announced({GroupId{10}, Term{9}, NodeId{1}});
  directory.remove(uuid_of(1));
  BOOST_TEST(directory.find("payments") != nullptr);
}

BOOST_AUTO_TEST_CASE(a_topic_created_again_is_another_one) {
  Directory directory;
  directory.add(make_topic("orders", 1, 10));
  directory.remove(uuid_of(1));
  directory.add(make_topic("orders", 2, 20));
  directory.remove(uuid_of(1));
  BOOST_REQUIRE(directory.find("orders", 0) != nullptr);
  BOOST_TEST((directory.find("orders", 0)->group == GroupId{20}));
}

BOOST_AUTO_TEST_CASE(a_topic_that_changed_keeps_what_is_known_of_its_leaders) {
  Directory directory;
  directory.add(make_topic("orders", 1, 10));
  directory.announced({GroupId{10}, Term{5}, NodeId{2}});
  directory.add(make_topic("orders", 1, 10, 3));
  BOOST_TEST((directory.find("orders", 0)->term == Term{5}));
  BOOST_TEST((directory.find("orders", 0)->leader == NodeId{2}));
  BOOST_TEST((directory.find("orders", 2)->leader == NodeId{1}));
  BOOST_TEST(directory.find("orders") == directory.find(uuid_of(1)));
  BOOST_TEST(directory.partition_count() == 3U);
  directory.announced({GroupId{10}, Term{6}, NodeId{3}});
  BOOST_TEST((directory.find("orders", 0)->leader == NodeId{3}));
}

BOOST_AUTO_TEST_CASE(a_partition_that_moved_keeps_what_is_known_of_its_leader) {
  Directory directory;
  directory.add(make_topic("orders", 1, 10));
  directory.announced({GroupId{10}, Term{5}, NodeId{2}, 1, {}, {}, {NodeId{2}}});
  PartitionRef moved{GroupId{10}, {}, Term{1}, no_node, {}};
  moved.replicas = {NodeId{3}, NodeId{4}};
  moved.local = false;
  directory.place(moved);
  const auto& partition = *directory.find("orders", 0);
  BOOST_TEST((partition.replicas == moved.replicas));
  BOOST_TEST(!partition.local);
  BOOST_TEST((partition.leader == NodeId{2}));
  BOOST_TEST((partition.in_sync == std::vector{NodeId{2}}));
  BOOST_TEST(directory.find("orders", 1)->replicas.empty());
  moved.group = GroupId{99};
  directory.place(moved);
  BOOST_TEST(directory.partition_count() == 2U);
}

BOOST_AUTO_TEST_CASE(topics_stand_in_the_order_of_their_names) {
  Directory directory;
  directory.add(make_topic("b", 1, 10));
  directory.add(make_topic("a", 2, 20));
  BOOST_TEST(directory.topics().begin()->first == "a");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard
