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

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::metadata
