#include "actors/rpc/broker_connection.h"

#include <boost/test/unit_test.hpp>

#include "schema/rpc/record_codec.h"
#include "schema/rpc/translate_api.h"
#include "tests/unit/actors/fake_broker_backend.h"

namespace callboard::rpc {
namespace {

constexpr TimestampMs now_ms = 1'700'000'000'000;

class FixedClock final : public kj::Clock {
public:
  kj::Date now() const override { return kj::UNIX_EPOCH + now_ms * kj::MILLISECONDS; }
};

// A client and the services at the two ends of a pipe in one loop.
struct Fixture {
  explicit Fixture(const RpcLimits& limits = {}) : connection(kj::mv(pipe.ends[0]), backend, limits, clock) {
    CB_ASSERT(backend.create_topic({.name = "orders", .partitions = 2}).wait(io.waitScope).ok());
  }

  wire::Partition::Client partition(const char* name = "orders", std::int32_t id = 0) {
    auto opening_topic = broker.topicRequest();
    opening_topic.setName(name);
    auto opening = opening_topic.send().getTopic().partitionRequest();
    opening.setId(id);
    return opening.send().getPartition();
  }
  wire::Producer::Client producer() { return partition().openProducerRequest().send().getProducer(); }

  Result<Produced> produce(wire::Partition::Client to, ByteView batch) {
    auto request = to.produceRequest();
    request.initMessages().setBatch(to_data(batch));
    return read_outcome(request.send().wait(io.waitScope).getResult());
  }
  Flushed flush(wire::Producer::Client& from) {
    return read(from.flushRequest().send().wait(io.waitScope).getFlushed());
  }
  kj::Promise<void> send(wire::Producer::Client& to, ByteView batch) {
    auto request = to.sendRequest();
    request.initMessages().setBatch(to_data(batch));
    return request.send();
  }
  template <class Client>
  auto fetch_request(Client from, std::int64_t offset) {
    auto request = from.fetchRequest();
    request.setOffset(offset);
    return request;
  }

  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::TwoWayPipe pipe = kj::newTwoWayPipe();
  FakeBrokerBackend backend;
  FixedClock clock;
  BrokerConnection connection;
  capnp::TwoPartyClient client{*pipe.ends[1]};
  wire::Broker::Client broker = client.bootstrap().castAs<wire::Broker>();
};

SharedBytes batch_of(std::initializer_list<std::string> values) {
  std::vector<Record> records;
  for (const auto& value : values) records.push_back({.key = {}, .value = value});
  return *encode_records(records, now_ms);
}

BOOST_FIXTURE_TEST_SUITE(broker_service, Fixture)

BOOST_AUTO_TEST_CASE(a_topic_is_created_described_listed_and_deleted) {
  auto creating = broker.createTopicRequest();
  creating.setName("made");
  creating.setPartitions(3);
  write(Configs{{"retention.ms", "1"}}, creating.initConfigs(1));
  const auto created = read_outcome(creating.send().wait(io.waitScope).getResult());
  BOOST_REQUIRE(created.ok());
  BOOST_CHECK(created->name == "made" && created->partitions == 3 && created->configs.size() == 1);

  auto opening = broker.topicRequest();
  opening.setName("made");
  auto topic = opening.send().getTopic();
  BOOST_CHECK(*read_outcome(topic.describeRequest().send().wait(io.waitScope).getResult()) == *created);
  const auto page = read_outcome(broker.listTopicsRequest().send().wait(io.waitScope).getResult());
  BOOST_TEST(page->topics.size() == 2U);

  auto deleting = broker.deleteTopicRequest();
  deleting.setName("made");
  BOOST_CHECK(read_outcome(deleting.send().wait(io.waitScope).getResult()).ok());
  BOOST_CHECK(read_outcome(topic.describeRequest().send().wait(io.waitScope).getResult()).error().code ==
              ErrorCode::unknown_topic_or_partition);
}

BOOST_AUTO_TEST_CASE(expected_failures_come_with_code_and_sentence) {
  auto creating = broker.createTopicRequest();
  creating.setName("orders");
  const auto refused = read_outcome(creating.send().wait(io.waitScope).getResult());
  BOOST_CHECK(refused.error().code == ErrorCode::topic_already_exists);
  BOOST_TEST(refused.error().message == "topic orders already exists");
}

BOOST_AUTO_TEST_CASE(too_many_configs_are_refused_before_the_node_sees_them) {
  auto creating = broker.createTopicRequest();
  creating.setName("many");
  creating.initConfigs(topic_configs_max + 1);
  BOOST_CHECK(read_outcome(creating.send().wait(io.waitScope).getResult()).error().code == ErrorCode::invalid_config);
}

BOOST_AUTO_TEST_CASE(list_sizes_are_bounded) {
  auto listing = broker.listTopicsRequest();
  listing.setLimit(4'000'000'000);
  listing.setAfter("a");
  listing.send().wait(io.waitScope);
  BOOST_TEST(backend.last_limit == topics_page_max);
  BOOST_TEST(backend.last_after == "a");

  auto asking = broker.inspectorRequest().send().getInspector().actorsRequest();
  asking.setKind("partition");
  asking.setLimit(4'000'000'000);
  asking.setSortBy(wire::ActorOrder::NAME);
  const auto page = read(asking.send().wait(io.waitScope).getPage());
  BOOST_TEST(page.rows.at(0).name == "orders/0");
  BOOST_CHECK(backend.last_query.limit == actor_rows_max && backend.last_query.kind == "partition" &&
              backend.last_query.order == ActorOrder::name && backend.last_query.node == no_node);
}

BOOST_AUTO_TEST_CASE(records_are_packed_into_one_batch_and_come_back_as_records) {
  auto request = partition().produceRequest();
  write(std::vector<Record>{{.key = "k", .value = "v", .headers = {{"h", "1"}}}, {.key = {}, .value = "w"}},
        request.initMessages().initRecords(2));
  request.setAcks(wire::Acks::LEADER);
  request.setTimeoutMs(4'000'000'000);
  const auto produced = read_outcome(request.send().wait(io.waitScope).getResult());
  BOOST_REQUIRE(produced.ok());
  BOOST_CHECK(produced->base_offset == Offset(0));
  BOOST_CHECK(backend.last_produce.acks == Acks::leader && backend.last_produce.header.count == 2);
  BOOST_CHECK(backend.last_produce.timeout == std::chrono::milliseconds(request_ms_max));

  auto fetching = fetch_request(partition(), 1);
  fetching.setForm(wire::Form::RECORDS);
  const auto response = fetching.send().wait(io.waitScope);
  const auto value = response.getResult().getValue();
  const auto records = read(value.getRecords());
  BOOST_REQUIRE(records.size() == 1U);
  BOOST_CHECK(records[0].value == "w" && records[0].offset == Offset(1) && records[0].timestamp == now_ms);
  BOOST_TEST(value.getNextOffset() == 2);
  BOOST_TEST(value.getHighWatermark() == 2);
}

BOOST_AUTO_TEST_CASE(batches_come_back_as_they_are_stored) {
  const auto batch = batch_of({"a", "b"});
  BOOST_REQUIRE(produce(partition(), batch.view()).ok());
  BOOST_CHECK(produce(partition(), batch.view())->base_offset == Offset(2));
  const auto response = fetch_request(partition(), 0).send().wait(io.waitScope);
  const auto value = response.getResult().getValue();
  const auto fetched = read(value);
  BOOST_REQUIRE(fetched.batches.size() == 2U);
  BOOST_TEST(fetched.batches[0].view().subspan(16).size() == batch.size() - 16);
  BOOST_CHECK(fetched.batches[0].text().substr(16) == batch.text().substr(16));
  BOOST_TEST(value.getNextOffset() == 4);
}

BOOST_AUTO_TEST_CASE(bad_batches_are_refused_before_the_node_sees_them) {
  auto damaged = batch_of({"a"});
  damaged.stampable()[batch_header_bytes] ^= 1;
  BOOST_CHECK(produce(partition(), damaged.view()).error().code == ErrorCode::corrupt_message);
  BOOST_CHECK(produce(partition(), {}).error().code == ErrorCode::corrupt_message);
  auto empty = partition().produceRequest();
  empty.initMessages().initRecords(0);
  BOOST_CHECK(read_outcome(empty.send().wait(io.waitScope).getResult()).error().code == ErrorCode::invalid_record);
  BOOST_TEST(backend.produced_to.empty());
}

BOOST_AUTO_TEST_CASE(unknown_partitions_are_said_by_the_calls) {
  const auto batch = batch_of({"a"});
  for (auto id : {-1, 2}) {
    BOOST_CHECK(produce(partition("orders", id), batch.view()).error().code == ErrorCode::unknown_topic_or_partition);
    const auto fetched = fetch_request(partition("orders", id), 0).send().wait(io.waitScope);
    BOOST_TEST(fetched.getResult().getError().getCode() == 3);
  }
}

BOOST_AUTO_TEST_CASE(offsets_are_looked_up) {
  BOOST_REQUIRE(produce(partition(), batch_of({"a", "b", "c"}).view()).ok());
  auto request = partition().offsetAtRequest();
  request.setTimestampMs(-1);
  BOOST_CHECK(read_outcome(request.send().wait(io.waitScope).getResult())->offset == Offset(3));
}

BOOST_AUTO_TEST_CASE(a_streamed_produce_is_admitted_before_it_is_committed) {
  backend.hold_produce = true;
  auto stream = producer();
  for (int i = 0; i < 5; ++i) send(stream, batch_of({"x", "y"}).view()).wait(io.waitScope);
  auto flushing = stream.flushRequest().send();
  BOOST_TEST(!flushing.poll(io.waitScope));
  BOOST_TEST(backend.held() == 5U);
  while (backend.held() > 0) backend.release_one();
  const auto flushed = read(flushing.wait(io.waitScope).getFlushed());
  BOOST_CHECK(flushed.acknowledged == 5 && flushed.failed == 0 && flushed.first_offset == Offset(0) &&
              flushed.last_offset == Offset(9));
}

BOOST_AUTO_TEST_CASE(a_flush_answers_for_the_sends_since_the_one_before) {
  auto stream = producer();
  send(stream, batch_of({"x"}).view()).wait(io.waitScope);
  BOOST_CHECK(flush(stream).acknowledged == 1);
  BOOST_CHECK(flush(stream).acknowledged == 0);
  auto damaged = batch_of({"a"});
  damaged.stampable()[batch_header_bytes] ^= 1;
  send(stream, batch_of({"x"}).view()).wait(io.waitScope);
  send(stream, damaged.view()).wait(io.waitScope);
  send(stream, batch_of({"z"}).view()).wait(io.waitScope);
  const auto flushed = flush(stream);
  BOOST_CHECK(flushed.acknowledged == 2 && flushed.failed == 1);
  BOOST_REQUIRE(flushed.failures.size() == 1U);
  BOOST_CHECK(flushed.failures[0].send == 1 && flushed.failures[0].error.code == ErrorCode::corrupt_message);
  BOOST_CHECK(flushed.first_offset == Offset(1) && flushed.last_offset == Offset(2));
}

BOOST_AUTO_TEST_CASE(what_was_sent_goes_on_when_its_producer_is_dropped) {
  backend.hold_produce = true;
  {
    auto stream = producer();
    send(stream, batch_of({"x"}).view()).wait(io.waitScope);
  }
  io.waitScope.poll();
  backend.release_one();
  io.waitScope.poll();
  BOOST_TEST(backend.produced_to.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_parked_fetch_is_forgotten_when_its_client_drops_it) {
  auto request = fetch_request(partition(), 0);
  request.setMaxWaitMs(60'000);
  {
    auto waiting = request.send();
    BOOST_TEST(!waiting.poll(io.waitScope));
    BOOST_TEST(backend.parked == 1U);
  }
  io.waitScope.poll();
  BOOST_TEST(backend.parked == 0U);
}

BOOST_AUTO_TEST_CASE(many_parked_fetches_leave_room_for_each_other) {
  std::vector<capnp::RemotePromise<wire::Partition::FetchResults>> parked;
  for (int i = 0; i < 200; ++i) {
    auto request = fetch_request(partition(), 0);
    request.setMaxBytes(50 << 20);
    request.setMaxWaitMs(60'000);
    parked.push_back(request.send());
  }
  io.waitScope.poll();
  BOOST_TEST(backend.parked == 200U);
}

BOOST_AUTO_TEST_CASE(a_refused_header_ends_the_connection) {
  auto raw = kj::newTwoWayPipe();
  auto other = kj::heap<BrokerConnection>(kj::mv(raw.ends[0]), backend);
  auto told = raw.ends[1]->readAllBytes().eagerlyEvaluate(nullptr);
  const std::uint32_t header[] = {0xFFFFFFFF, 0};
  raw.ends[1]->write(header, sizeof header).wait(io.waitScope);
  other->closed().wait(io.waitScope);
  other = nullptr;
  const auto bytes = told.wait(io.waitScope);
  const std::string_view sentence(bytes.asChars().begin(), bytes.size());
  BOOST_TEST((sentence.find("at most 512") != sentence.npos));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(broker_service_limits)

BOOST_AUTO_TEST_CASE(streamed_sends_wait_for_credits_and_nothing_is_lost) {
  const auto batch = batch_of({std::string(1000, 'x')});
  RpcLimits limits;
  limits.produce_bytes = 3 * batch.size();
  Fixture f(limits);
  f.backend.hold_produce = true;
  auto stream = f.producer();
  kj::Vector<kj::Promise<void>> sends;
  for (int i = 0; i < 10; ++i) sends.add(f.send(stream, batch.view()));
  auto flushing = stream.flushRequest().send();
  BOOST_TEST(!flushing.poll(f.io.waitScope));
  BOOST_TEST(f.backend.held() == 3U);
  for (int i = 0; i < 10; ++i) {
    f.backend.release_one();
    f.io.waitScope.poll();
    BOOST_TEST(f.backend.held() <= 3U);
  }
  BOOST_TEST(read(flushing.wait(f.io.waitScope).getFlushed()).acknowledged == 10U);
}

BOOST_AUTO_TEST_CASE(acknowledged_produces_share_the_same_credits) {
  const auto batch = batch_of({std::string(1000, 'x')});
  RpcLimits limits;
  limits.produce_bytes = batch.size();
  Fixture f(limits);
  f.backend.hold_produce = true;
  auto to = f.partition();
  kj::Vector<capnp::RemotePromise<wire::Partition::ProduceResults>> calls;
  for (int i = 0; i < 3; ++i) {
    auto request = to.produceRequest();
    request.initMessages().setBatch(to_data(batch.view()));
    calls.add(request.send());
  }
  f.io.waitScope.poll();
  BOOST_TEST(f.backend.held() == 1U);
  for (auto& call : calls) {
    f.backend.release_one();
    BOOST_CHECK(read_outcome(call.wait(f.io.waitScope).getResult()).ok());
    f.io.waitScope.poll();
  }
}

BOOST_AUTO_TEST_CASE(one_capability_too_many_is_refused_and_dropping_makes_room) {
  RpcLimits limits;
  limits.capabilities = 4;
  Fixture f(limits);
  {
    auto one = f.producer(); // and the topic and partition it came from
    BOOST_CHECK(f.flush(one).acknowledged == 0);
  }
  f.io.waitScope.poll();
  kj::Vector<wire::Topic::Client> held;
  const auto open = [&f] {
    auto request = f.broker.topicRequest();
    request.setName("orders");
    return request.send().wait(f.io.waitScope).getTopic();
  };
  for (int i = 0; i < 4; ++i) held.add(open());
  BOOST_CHECK_EXCEPTION(open(), kj::Exception,
                        [](const kj::Exception& e) { return e.getType() == kj::Exception::Type::OVERLOADED; });
  held.clear();
  f.io.waitScope.poll();
  BOOST_CHECK_NO_THROW(open());
}

BOOST_AUTO_TEST_CASE(too_many_records_in_one_produce_are_refused) {
  RpcLimits limits;
  limits.records = 10;
  Fixture f(limits);
  auto request = f.partition().produceRequest();
  request.initMessages().initRecords(11);
  BOOST_CHECK(read_outcome(request.send().wait(f.io.waitScope).getResult()).error().code ==
              ErrorCode::record_list_too_large);
}

BOOST_AUTO_TEST_CASE(a_fetch_of_records_is_cut_and_says_where_to_go_on) {
  RpcLimits limits;
  limits.records = 2;
  Fixture f(limits);
  BOOST_REQUIRE(f.produce(f.partition(), batch_of({"a", "b", "c"}).view()).ok());
  auto request = f.fetch_request(f.partition(), 0);
  request.setForm(wire::Form::RECORDS);
  const auto response = request.send().wait(f.io.waitScope);
  BOOST_TEST(response.getResult().getValue().getRecords().size() == 2U);
  BOOST_TEST(response.getResult().getValue().getNextOffset() == 2);
}

// A client that calls on but reads nothing until told so. The pipe has no buffer, so
// the first reply already waits.
struct SilentClient {
  explicit SilentClient(Fixture& f, const RpcLimits& limits) : connection(kj::mv(pipe.ends[0]), f.backend, limits) {
    broker.whenResolved().wait(f.io.waitScope);
    silence = reading->spend(1);
  }
  void read_on() { silence = nullptr; }

  kj::TwoWayPipe pipe = kj::newTwoWayPipe();
  BrokerConnection connection;
  kj::Own<Credits> reading = kj::refcounted<Credits>(1);
  ReplyGate gate{kj::mv(pipe.ends[1]), kj::addRef(*reading), 1 << 20};
  capnp::TwoPartyClient client{gate};
  wire::Broker::Client broker = client.bootstrap().castAs<wire::Broker>();
  kj::Own<Credits::Grant> silence;
};

BOOST_AUTO_TEST_CASE(replies_that_nobody_reads_hold_back_fetches_and_lose_none) {
  RpcLimits limits;
  limits.reply_bytes = 300'000;
  Fixture f;
  BOOST_REQUIRE(f.produce(f.partition(), batch_of({std::string(100'000, 'x')}).view()).ok());
  SilentClient silent(f, limits);
  auto topic = silent.broker.topicRequest();
  topic.setName("orders");
  auto partition = topic.send().getTopic().partitionRequest().send().getPartition();
  kj::Vector<capnp::RemotePromise<wire::Partition::FetchResults>> calls;
  for (int i = 0; i < 100; ++i) calls.add(f.fetch_request(partition, 0).send());
  f.io.waitScope.poll();
  BOOST_TEST(f.backend.fetches < 20U);
  silent.read_on();
  for (auto& call : calls) BOOST_TEST(call.wait(f.io.waitScope).getResult().getValue().getBatches().size() == 1U);
  BOOST_TEST(f.backend.fetches == 100U);
}

BOOST_AUTO_TEST_CASE(small_calls_without_end_are_not_read_while_replies_wait) {
  RpcLimits limits;
  limits.input_bytes = 2000;
  Fixture f;
  SilentClient silent(f, limits);
  kj::Vector<capnp::RemotePromise<wire::Broker::ListTopicsResults>> calls;
  for (int i = 0; i < 1000; ++i) calls.add(silent.broker.listTopicsRequest().send());
  f.io.waitScope.poll();
  BOOST_TEST(f.backend.lists < 50U);
  silent.read_on();
  for (auto& call : calls) BOOST_TEST(call.wait(f.io.waitScope).getResult().isValue());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::rpc
