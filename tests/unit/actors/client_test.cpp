#include "actors/client/client.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/actors/fake_door.h"

namespace callboard::client {
namespace {

using namespace std::chrono_literals;

struct Fixture {
  rpc::FakeDoor door;
  Client client = Client::connect(door.address()).value();

  Fixture() { BOOST_REQUIRE(client.create_topic({.name = "orders", .partitions = 2}).ok()); }
};

ErrorCode connect_error(const std::string& address) {
  const auto client = Client::connect(address);
  BOOST_REQUIRE(!client.ok());
  BOOST_TEST(client.error().message.find(address) != std::string::npos, client.error().message);
  return client.error().code;
}

BOOST_FIXTURE_TEST_SUITE(client, Fixture)

BOOST_AUTO_TEST_CASE(topics_are_created_listed_described_and_deleted) {
  BOOST_CHECK(client.create_topic({.name = "orders"}).error().code == ErrorCode::topic_already_exists);
  BOOST_TEST(client.describe_topic("orders")->partitions == 2U);
  BOOST_TEST(client.list_topics()->size() == 1U);
  BOOST_CHECK(client.delete_topic("orders").ok());
  BOOST_CHECK(client.delete_topic("orders").error().code == ErrorCode::unknown_topic_or_partition);
  BOOST_TEST(client.list_topics()->empty());
}

BOOST_AUTO_TEST_CASE(a_long_list_of_topics_is_read_page_by_page) {
  for (int i = 0; i < 2100; ++i) BOOST_REQUIRE(client.create_topic({.name = std::to_string(i), .partitions = 1}).ok());
  BOOST_TEST(client.list_topics()->size() == 2101U);
}

BOOST_AUTO_TEST_CASE(what_is_produced_is_consumed) {
  const auto produced = client.produce("orders", 1, {{.key = "k", .value = "v"}, {.key = {}, .value = "w"}});
  BOOST_REQUIRE(produced.ok());
  BOOST_CHECK(produced->base_offset == Offset(0));
  auto consumer = client.consume("orders", 1);
  const auto records = consumer.poll(0ms);
  BOOST_REQUIRE(records.ok());
  BOOST_REQUIRE(records->size() == 2U);
  BOOST_CHECK((*records)[0].key == "k" && (*records)[1].value == "w" && (*records)[1].offset == Offset(1));
  BOOST_CHECK((*records)[0].timestamp > 0);
  BOOST_CHECK(consumer.position() == Offset(2));
  BOOST_TEST(consumer.poll(0ms)->empty());
}

BOOST_AUTO_TEST_CASE(a_consumer_starts_where_it_is_told) {
  BOOST_REQUIRE(client.produce("orders", 0, {{.key = {}, .value = "a"}, {.key = {}, .value = "b"}}).ok());
  auto from_one = client.consume("orders", 0, Offset(1));
  BOOST_CHECK(from_one.poll(0ms)->at(0).value == "b");
  auto from_end = client.consume("orders", 0, latest);
  BOOST_TEST(from_end.poll(0ms)->empty());
  BOOST_CHECK(from_end.position() == Offset(2));
  from_end.seek(Offset(0));
  BOOST_TEST(from_end.poll(0ms)->size() == 2U);
}

BOOST_AUTO_TEST_CASE(errors_leave_a_consumer_where_it_was) {
  auto consumer = client.consume("orders", 0, Offset(7));
  BOOST_CHECK(consumer.poll(0ms).error().code == ErrorCode::offset_out_of_range);
  BOOST_CHECK(consumer.position() == Offset(7));
  auto unknown = client.consume("nothing", 0);
  BOOST_CHECK(unknown.poll(0ms).error().code == ErrorCode::unknown_topic_or_partition);
}

BOOST_AUTO_TEST_CASE(a_stream_packs_batches_and_flush_says_what_became_of_them) {
  auto producer = client.open_producer("orders", 0, {.batch_bytes = 1000});
  BOOST_REQUIRE(producer.ok());
  for (int i = 0; i < 100; ++i) BOOST_REQUIRE(producer->send({.key = {}, .value = std::string(100, 'x')}).ok());
  const auto flushed = producer->flush();
  BOOST_REQUIRE(flushed.ok());
  BOOST_CHECK(flushed->failed == 0 && flushed->acknowledged > 5 && flushed->acknowledged < 100);
  BOOST_CHECK(flushed->first_offset == Offset(0) && flushed->last_offset == Offset(99));
}

BOOST_AUTO_TEST_CASE(a_refused_send_is_told_by_the_flush) {
  auto producer = client.open_producer("nothing", 0);
  BOOST_REQUIRE(producer->send({.key = {}, .value = "x"}).ok());
  const auto flushed = producer->flush();
  BOOST_REQUIRE(flushed.ok());
  BOOST_TEST(flushed->failed == 1U);
  BOOST_CHECK(flushed->failures.at(0).error.code == ErrorCode::unknown_topic_or_partition);
}

BOOST_AUTO_TEST_CASE(actors_are_listed) {
  const auto page = client.actors({.kind = "partition", .name_pattern = "orders"});
  BOOST_REQUIRE(page.ok());
  BOOST_TEST(page->rows.at(0).state == "leading");
}

BOOST_AUTO_TEST_CASE(several_clients_live_in_one_thread) {
  auto other = Client::connect(door.address());
  BOOST_REQUIRE(other.ok());
  BOOST_REQUIRE(client.produce("orders", 0, {{.key = {}, .value = "a"}}).ok());
  BOOST_CHECK(other->consume("orders", 0).poll(0ms)->at(0).value == "a");
}

BOOST_AUTO_TEST_CASE(an_answer_that_does_not_come_is_a_time_out) {
  auto hasty = Client::connect(door.address(), {.request_timeout = 20ms});
  door.with_backend([](rpc::FakeBrokerBackend& backend) { backend.hold_produce = true; });
  const auto produced = hasty->produce("orders", 0, {{.key = {}, .value = "a"}});
  BOOST_CHECK(produced.error().code == ErrorCode::request_timed_out);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(client_without_a_node)

BOOST_AUTO_TEST_CASE(nobody_there_is_a_sentence_with_the_address) {
  std::string address;
  {
    rpc::FakeDoor door;
    address = door.address();
  }
  BOOST_CHECK(connect_error(address) == ErrorCode::network_exception);
}

BOOST_AUTO_TEST_CASE(addresses_without_a_port_are_refused) {
  for (const auto* address :
       {"localhost", "localhost:", "localhost:http", ":9092", "localhost:0", "localhost:99999", ""})
    BOOST_CHECK(connect_error(address) == ErrorCode::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_node_that_goes_away_is_a_lost_connection) {
  std::optional<rpc::FakeDoor> door(std::in_place);
  auto client = Client::connect(door->address());
  BOOST_REQUIRE(client->list_topics().ok());
  door.reset();
  BOOST_CHECK(client->list_topics().error().code == ErrorCode::network_exception);
  BOOST_CHECK(client->open_producer("orders", 0)->flush().error().code == ErrorCode::network_exception);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::client
