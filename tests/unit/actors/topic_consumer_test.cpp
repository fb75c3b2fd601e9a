#include "actors/client/topic_consumer.h"

#include <boost/test/unit_test.hpp>
#include <map>

#include "tests/unit/actors/fake_door.h"

namespace callboard::client {
namespace {

using namespace std::chrono_literals;

struct Fixture {
  rpc::FakeDoor door;
  Client client = Client::connect(door.address()).value();

  Fixture() { BOOST_REQUIRE(client.create_topic({.name = "orders", .partitions = 3}).ok()); }
  void produce(std::int32_t partition, const std::string& value) {
    BOOST_REQUIRE(client.produce("orders", partition, {{.key = {}, .value = value}}).ok());
  }
};

BOOST_FIXTURE_TEST_SUITE(topic_consumer, Fixture)

BOOST_AUTO_TEST_CASE(all_partitions_are_read_to_their_ends) {
  for (int i = 0; i < 30; ++i) produce(i % 3, std::to_string(i));
  TopicConsumer consumer(client, "orders", {{0, Offset(0)}, {1, Offset(0)}, {2, Offset(4)}}, 0ms);
  std::map<std::int32_t, std::size_t> seen;
  while (consumer.partitions() > 0) {
    const auto polled = consumer.poll(10s);
    BOOST_REQUIRE(polled.ok() && *polled);
    seen[(*polled)->partition] += (*polled)->records.size();
    if ((*polled)->at_end()) consumer.drop((*polled)->partition);
  }
  BOOST_TEST(seen[0] == 10U);
  BOOST_TEST(seen[1] == 10U);
  BOOST_TEST(seen[2] == 6U);
}

BOOST_AUTO_TEST_CASE(one_quiet_partition_does_not_hold_up_the_others) {
  TopicConsumer consumer(client, "orders", {{0, Offset(0)}, {1, Offset(0)}}, 60s);
  BOOST_TEST(!*consumer.poll(1ms)); // both wait at the broker
  produce(1, "later");
  TopicConsumer another(client, "orders", {{0, Offset(0)}, {1, Offset(0)}}, 60s);
  const auto polled = another.poll(10s);
  BOOST_REQUIRE(polled.ok() && *polled);
  BOOST_TEST((*polled)->partition == 1);
  BOOST_TEST((*polled)->records.at(0).value.value() == "later");
}

BOOST_AUTO_TEST_CASE(an_error_ends_one_partition_only) {
  produce(1, "there");
  TopicConsumer consumer(client, "orders", {{0, Offset(7)}, {1, Offset(0)}}, 60s);
  BOOST_CHECK(consumer.poll(10s).error().code == ErrorCode::offset_out_of_range);
  BOOST_TEST(consumer.partitions() == 1U);
  BOOST_TEST((*consumer.poll(10s))->records.size() == 1U);
}

BOOST_AUTO_TEST_CASE(dropped_fetches_are_forgotten_at_the_broker) {
  {
    TopicConsumer consumer(client, "orders", {{0, Offset(0)}, {1, Offset(0)}}, 60s);
    BOOST_TEST(!*consumer.poll(1ms));
  }
  BOOST_REQUIRE(client.list_topics().ok()); // the cancellations went before it
  door.with_backend([](rpc::FakeBrokerBackend& backend) { BOOST_TEST(backend.parked == 0U); });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(topic_consumer_of_a_node_that_goes_away_says_so) {
  std::optional<rpc::FakeDoor> door(std::in_place);
  auto client = Client::connect(door->address()).value();
  BOOST_REQUIRE(client.create_topic({.name = "orders", .partitions = 1}).ok());
  TopicConsumer consumer(client, "orders", {{0, Offset(0)}}, 60s);
  BOOST_TEST(!*consumer.poll(1ms));
  door.reset();
  BOOST_CHECK(consumer.poll(10s).error().code == ErrorCode::network_exception);
  BOOST_CHECK(consumer.poll(10s).error().code == ErrorCode::network_exception);
}

} // namespace
} // namespace callboard::client
