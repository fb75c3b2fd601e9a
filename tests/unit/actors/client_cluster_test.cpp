// The client library in a cluster: what the node it asks does not lead.
#include <boost/test/unit_test.hpp>

#include "actors/client/client.h"
#include "actors/client/topic_consumer.h"
#include "schema/internal_topics.h"
#include "tests/unit/actors/fake_door.h"

namespace callboard::client {
namespace {

using namespace std::chrono_literals;

// Two nodes that know the same topics; the second one leads everything.
struct Fixture {
  rpc::FakeDoor asked;
  rpc::FakeDoor leading;
  Client client = Client::connect(asked.address()).value();

  Fixture() {
    for (const auto* door : {&asked, &leading}) {
      auto creator = Client::connect(door->address()).value();
      BOOST_REQUIRE(creator.create_topic({.name = "orders", .partitions = 2}).ok());
      BOOST_REQUIRE(creator.create_topic({.name = std::string(consumer_offsets_topic), .partitions = 16}).ok());
    }
    move_leadership();
  }

  void move_leadership() {
    const auto address = parse_host_port(leading.address()).value();
    asked.with_backend([&](rpc::FakeBrokerBackend& backend) { backend.leader = address; });
  }
  std::size_t produced_there() {
    std::size_t count = 0;
    leading.with_backend([&](rpc::FakeBrokerBackend& backend) { count = backend.produced_to.size(); });
    return count;
  }
};

BOOST_FIXTURE_TEST_SUITE(client_cluster, Fixture)

BOOST_AUTO_TEST_CASE(what_is_produced_and_consumed_goes_to_the_leader) {
  const auto produced = client.produce("orders", 1, {{.key = "k", .value = "v"}});
  BOOST_REQUIRE(produced.ok());
  BOOST_TEST(produced_there() == 1U);
  auto consumer = client.consume("orders", 1);
  BOOST_TEST(consumer.poll(0ms).value().size() == 1U);
  BOOST_CHECK(client.list_offset("orders", 1, -1)->offset == Offset(1));
}

BOOST_AUTO_TEST_CASE(where_partitions_stand_is_asked_of_their_leaders) {
  BOOST_REQUIRE(client.produce("orders", 1, {{.key = "k", .value = "v"}}).ok());
  const auto partitions = client.describe_partitions("orders");
  BOOST_REQUIRE(partitions.ok());
  BOOST_REQUIRE(partitions->size() == 2U);
  BOOST_CHECK(!partitions->at(0).error && !partitions->at(1).error);
  BOOST_CHECK(partitions->at(1).high_watermark == Offset(1));
}

BOOST_AUTO_TEST_CASE(a_producer_sends_again_what_met_a_change_of_leaders) {
  asked.with_backend([](rpc::FakeBrokerBackend& backend) { backend.leader.reset(); });
  auto producer = client.open_producer("orders", 0).value();
  BOOST_REQUIRE(producer.send({.key = {}, .value = "before"}).ok());
  BOOST_TEST(producer.flush()->acknowledged == 1U);
  BOOST_TEST(produced_there() == 0U);
  move_leadership();
  BOOST_REQUIRE(producer.send({.key = {}, .value = "after"}).ok());
  const auto flushed = producer.flush();
  BOOST_REQUIRE(flushed.ok());
  BOOST_TEST(flushed->acknowledged == 1U);
  BOOST_TEST(flushed->failed == 0U);
  BOOST_TEST(produced_there() == 1U);
}

BOOST_AUTO_TEST_CASE(a_consumer_of_a_topic_goes_on_where_the_leader_went) {
  auto there = Client::connect(leading.address()).value();
  BOOST_REQUIRE(there.produce("orders", 0, {{.key = {}, .value = "v"}}).ok());
  TopicConsumer consumer(client, "orders", {{0, Offset(0)}}, 0ms);
  std::size_t records = 0;
  for (int polls = 0; polls < 10 && records == 0; ++polls) {
    const auto polled = consumer.poll(1s);
    BOOST_REQUIRE(polled.ok());
    if (*polled) records = (*polled)->records.size();
  }
  BOOST_TEST(records == 1U);
}

BOOST_AUTO_TEST_CASE(groups_are_asked_of_their_coordinator_and_listed_from_every_node) {
  leading.with_backend([](rpc::FakeBrokerBackend& backend) {
    backend.groups["billing"].info.id = "billing";
    backend.groups["billing"].info.state = "Empty";
  });
  asked.with_backend([](rpc::FakeBrokerBackend& backend) { backend.groups["audit"].info.id = "audit"; });
  BOOST_TEST(client.describe_group("billing")->state == "Empty");
  const auto listed = client.list_groups();
  BOOST_REQUIRE(listed.ok());
  BOOST_REQUIRE(listed->size() == 2U);
  BOOST_TEST(listed->at(0).id == "audit");
  BOOST_TEST(listed->at(1).id == "billing");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::client
