#include <boost/test/unit_test.hpp>

#include "actors/rpc/broker_connection.h"
#include "schema/rpc/record_codec.h"
#include "schema/rpc/translate_api.h"
#include "tests/unit/actors/fake_broker_backend.h"
#include "tests/unit/schema/hex.h"

namespace callboard::rpc {
namespace {

constexpr TimestampMs now_ms = 1'700'000'000'000;

class FixedClock final : public kj::Clock {
public:
  kj::Date now() const override { return kj::UNIX_EPOCH + now_ms * kj::MILLISECONDS; }
};

// A client and the services at the two ends of a pipe in one loop; a group "billing".
struct Fixture {
  Fixture() {
    CB_ASSERT(backend.create_topic({.name = "orders", .partitions = 4}).wait(io.waitScope).ok());
    auto& billing = backend.groups["billing"];
    billing.info.id = "billing";
    billing.info.state = "Stable";
    billing.info.protocol_type = "consumer";
  }

  // Batches of three records, each a second older than the one behind it; the last is new.
  void fill(std::int32_t partition, int batches) {
    for (int i = 0; i < batches; ++i) {
      std::vector<Record> records;
      for (int j = 0; j < 3; ++j)
        records.push_back({.key = {}, .value = "v", .timestamp = now_ms - 1000 * (3 * (batches - i) - j - 1)});
      const auto batch = *encode_records(records, now_ms);
      const auto header = *read_batch_header(batch.view());
      CB_ASSERT(backend.produce({"orders", partition}, {batch, header}).wait(io.waitScope).ok());
    }
  }
  void commit(const std::string& topic, std::int32_t partition, std::int64_t offset) {
    backend.groups["billing"].info.offsets.push_back(
        {.topic = topic, .partition = partition, .offset = Offset(offset)});
  }
  wire::Group::Client group(const char* id = "billing") {
    auto opening = broker.groupRequest();
    opening.setId(id);
    return opening.send().getGroup();
  }
  Result<GroupInfo> describe(const char* id = "billing") {
    return read_outcome(group(id).describeRequest().send().wait(io.waitScope).getResult());
  }

  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::TwoWayPipe pipe = kj::newTwoWayPipe();
  FakeBrokerBackend backend;
  FixedClock clock;
  BrokerConnection connection{kj::mv(pipe.ends[0]), backend, RpcLimits{}, clock};
  capnp::TwoPartyClient client{*pipe.ends[1]};
  wire::Broker::Client broker = client.bootstrap().castAs<wire::Broker>();
};

BOOST_FIXTURE_TEST_SUITE(group_service, Fixture)

BOOST_AUTO_TEST_CASE(lag_is_told_in_records_and_in_time) {
  fill(0, 3); // offsets 0 to 8, 8 seconds to 0 seconds old
  fill(1, 1);
  commit("orders", 0, 4); // in the middle of a batch
  commit("orders", 1, 3); // all consumed
  commit("orders", 2, 0); // empty
  const auto described = describe();
  BOOST_REQUIRE(described.ok());
  const auto& offsets = described->offsets;
  BOOST_REQUIRE(offsets.size() == 3U);
  BOOST_CHECK(offsets[0].high_watermark == Offset(9) && offsets[0].lag == 5 && offsets[0].lag_ms == 4000);
  BOOST_CHECK(offsets[1].high_watermark == Offset(3) && offsets[1].lag == 0 && offsets[1].lag_ms == 0);
  BOOST_CHECK(offsets[2].lag == 0 && offsets[2].lag_ms == 0);
}

BOOST_AUTO_TEST_CASE(of_a_compressed_batch_the_first_record_counts) {
  std::vector<Record> records{{.key = {}, .value = "v", .timestamp = now_ms - 7000},
                              {.key = {}, .value = "v", .timestamp = now_ms - 1000}};
  auto batch = *encode_records(records, now_ms);
  batch.stampable()[22] = 3; // lz4, as far as the header says
  BOOST_REQUIRE(backend.produce({"orders", 0}, {batch, *read_batch_header(batch.view())}).wait(io.waitScope).ok());
  commit("orders", 0, 1);
  BOOST_TEST(describe()->offsets.at(0).lag == 1);
  BOOST_TEST(describe()->offsets.at(0).lag_ms == 7000);
}

BOOST_AUTO_TEST_CASE(an_offset_whose_partition_does_not_answer_has_no_lag) {
  commit("gone", 0, 4);
  commit("orders", 99, 4);
  const auto described = describe();
  BOOST_REQUIRE(described->offsets.size() == 2U);
  for (const auto& offset : described->offsets)
    BOOST_CHECK(offset.lag == -1 && offset.lag_ms == -1 && offset.high_watermark == unknown_offset);
}

BOOST_AUTO_TEST_CASE(an_offset_behind_the_end_has_no_lag) {
  commit("orders", 0, 1000);
  BOOST_TEST(describe()->offsets.at(0).lag == 0);
}

BOOST_AUTO_TEST_CASE(a_negative_offset_has_no_lag) {
  fill(0, 1);
  commit("orders", 0, -2);
  const auto offset = describe()->offsets.at(0);
  BOOST_CHECK(offset.high_watermark == Offset(3) && offset.lag == -1 && offset.lag_ms == -1);
}

BOOST_AUTO_TEST_CASE(many_offsets_are_all_told) {
  fill(0, 1);
  for (int i = 0; i < 20'000; ++i) commit("orders", 0, i % 3);
  const auto described = describe();
  BOOST_REQUIRE(described->offsets.size() == 20'000U);
  BOOST_CHECK(std::all_of(described->offsets.begin(), described->offsets.end(),
                          [](const auto& o) { return o.lag == 3 - o.offset.value; }));
}

BOOST_AUTO_TEST_CASE(assignments_are_unpacked_for_consumers) {
  auto& billing = backend.groups["billing"];
  const auto assignment = from_hex("0001 00000001 0006 6f7264657273 00000002 00000001 00000003 ffffffff");
  billing.members = {{{"m-1", "static-1", "app", "10.0.0.1"}, assignment},
                     {{"m-2", std::nullopt, "app", "10.0.0.2"}, SharedBytes::copy_of("nonsense")}};
  auto members = describe()->members;
  BOOST_REQUIRE(members.size() == 2U);
  BOOST_CHECK((members[0].assignment == std::vector<TopicPartitions>{{"orders", {1, 3}}}));
  BOOST_TEST(members[1].assignment.empty());
  billing.info.protocol_type = "connect";
  BOOST_TEST(describe()->members.at(0).assignment.empty());
}

BOOST_AUTO_TEST_CASE(a_group_too_large_for_an_answer_is_shortened) {
  auto& billing = backend.groups["billing"];
  const auto huge = SharedBytes::copy_of(std::string(5 << 20, '\0'));
  billing.members = {{{"m-1", {}, "app", "h"}, huge}, {{"m-2", {}, "app", "h"}, huge}};
  BOOST_TEST(describe()->shortened);
  BOOST_TEST(describe()->members.size() == 2U);
}

BOOST_AUTO_TEST_CASE(groups_are_listed_page_by_page) {
  for (int i = 0; i < 5; ++i) backend.groups["g" + std::to_string(i)].info.id = "g" + std::to_string(i);
  auto listing = broker.listGroupsRequest();
  listing.setAfter("billing");
  listing.setLimit(3);
  const auto page = read_outcome(listing.send().wait(io.waitScope).getResult());
  BOOST_REQUIRE(page.ok() && page->groups.size() == 3U);
  BOOST_CHECK(page->more && page->groups[0].id == "g0");
  auto too_many = broker.listGroupsRequest();
  too_many.setLimit(1'000'000);
  BOOST_TEST(read_outcome(too_many.send().wait(io.waitScope).getResult())->groups.size() == 6U);
  BOOST_TEST(backend.last_limit == groups_page_max);
}

BOOST_AUTO_TEST_CASE(offsets_are_reset_and_too_many_are_refused) {
  commit("orders", 0, 4);
  auto resetting = group().resetOffsetsRequest();
  write(std::vector<OffsetReset>{{"orders", 0, Offset(1)}}, resetting.initOffsets(1));
  BOOST_CHECK(read_outcome(resetting.send().wait(io.waitScope).getResult()).ok());
  BOOST_CHECK(describe()->offsets.at(0).offset == Offset(1));
  auto too_many = group().resetOffsetsRequest();
  too_many.initOffsets(group_offsets_max + 1);
  BOOST_CHECK(read_outcome(too_many.send().wait(io.waitScope).getResult()).error().code == ErrorCode::invalid_request);
}

BOOST_AUTO_TEST_CASE(a_group_is_deleted_and_unknown_ones_are_refused) {
  BOOST_CHECK(read_outcome(group().deleteRequest().send().wait(io.waitScope).getResult()).ok());
  BOOST_TEST(describe().error().message == "there is no group billing");
}

BOOST_AUTO_TEST_CASE(partitions_are_told_page_by_page) {
  fill(2, 1);
  auto opening = broker.topicRequest();
  opening.setName("orders");
  auto topic = opening.send().getTopic();
  auto asking = topic.partitionsRequest();
  asking.setAfter(0);
  asking.setLimit(2);
  const auto page = read_outcome(asking.send().wait(io.waitScope).getResult());
  BOOST_REQUIRE(page.ok() && page->partitions.size() == 2U);
  BOOST_CHECK(page->more && page->partitions[0].id == 1 && page->partitions[1].high_watermark == Offset(3));
}

BOOST_AUTO_TEST_CASE(too_many_changes_are_refused_before_the_node_sees_them) {
  auto altering = broker.alterTopicRequest();
  altering.setName("orders");
  altering.initChanges(topic_configs_max + 1);
  BOOST_CHECK(read_outcome(altering.send().wait(io.waitScope).getResult()).error().code == ErrorCode::invalid_config);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::rpc
