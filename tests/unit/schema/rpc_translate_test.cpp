#include "schema/rpc/translate_api.h"

#include <boost/test/unit_test.hpp>
#include <capnp/message.h>

namespace callboard::rpc {
namespace {

// Through the wire form and back.
template <class WireType, class Plain>
Plain round_trip(const Plain& plain) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<WireType>();
  write(plain, root);
  return read(root.asReader());
}

std::vector<Record> round_trip(const std::vector<Record>& records) {
  capnp::MallocMessageBuilder message;
  auto list = message.initRoot<wire::Messages>().initRecords(to_list_size(records.size()));
  write(records, list);
  return read(list.asReader());
}

TopicInfo some_topic() {
  TopicInfo topic{"orders", {}, 3, 1, {{"retention.ms", "1"}, {"segment.bytes", "2"}}};
  topic.id.bytes[15] = 9;
  return topic;
}

BOOST_AUTO_TEST_SUITE(rpc_translate)

BOOST_AUTO_TEST_CASE(topics_survive_the_way) {
  BOOST_CHECK(round_trip<wire::TopicInfo>(some_topic()) == some_topic());
  const auto page = round_trip<wire::TopicPage>(TopicPage{{some_topic(), some_topic()}, true});
  BOOST_CHECK(page.more && page.topics.size() == 2 && page.topics[1] == some_topic());
}

BOOST_AUTO_TEST_CASE(partitions_survive_the_way) {
  const PartitionPage sent{{{3, NodeId(1), Term(2), Offset(4), Offset(5), 6, {}},
                            {.id = 4, .error = Error{ErrorCode::kafka_storage_error, "damaged"}}},
                           true};
  const auto page = round_trip<wire::PartitionPage>(sent);
  BOOST_REQUIRE(page.more && page.partitions.size() == 2U);
  const auto& first = page.partitions[0];
  BOOST_CHECK(first.id == 3 && first.leader == NodeId(1) && first.leader_epoch == Term(2) &&
              first.log_start == Offset(4) && first.high_watermark == Offset(5) && first.bytes == 6 && !first.error);
  BOOST_TEST(page.partitions[1].error->message == "damaged");
  BOOST_CHECK(page.partitions[1].leader == no_node && page.partitions[1].high_watermark == unknown_offset);
}

BOOST_AUTO_TEST_CASE(changes_of_a_configuration_survive_the_way) {
  const std::vector<ConfigChange> sent{{"a", "1"}, {"b", ""}, {"c", std::nullopt}};
  capnp::MallocMessageBuilder message;
  auto list = message.initRoot<wire::Broker::AlterTopicParams>().initChanges(3);
  write(sent, list);
  BOOST_CHECK(read(list.asReader()) == sent);
}

BOOST_AUTO_TEST_CASE(groups_survive_the_way) {
  const GroupPage page{{{"a", "Stable", "consumer", 3}, {"b", "Empty", "", 0}}, true};
  const auto read_page = round_trip<wire::GroupPage>(page);
  BOOST_CHECK(read_page.more && read_page.groups == page.groups);

  const GroupInfo sent{"billing",
                       "Stable",
                       "consumer",
                       "range",
                       7,
                       "m-1",
                       NodeId(2),
                       {{"m-1", "static-1", "app", "10.0.0.1", {{"orders", {0, 2}}, {"empty", {}}}},
                        {"m-2", std::nullopt, "app", "10.0.0.2", {}}},
                       {{"orders", 0, Offset(10), "meta", 5, Offset(20), 10, 1500}, {"orders", 1, Offset(1)}},
                       "m-2 joined",
                       123,
                       true};
  BOOST_CHECK(round_trip<wire::GroupInfo>(sent) == sent);
  const std::vector<OffsetReset> resets{{"orders", 1, Offset(3)}, {"orders", 2, Offset(0)}};
  capnp::MallocMessageBuilder message;
  auto list = message.initRoot<wire::Group::ResetOffsetsParams>().initOffsets(2);
  write(resets, list);
  BOOST_CHECK(read(list.asReader()) == resets);
}

BOOST_AUTO_TEST_CASE(outcomes_of_a_produce_survive_the_way) {
  const auto produced = round_trip<wire::Produced>(Produced{Offset(7), 8, Offset(9)});
  BOOST_CHECK(produced.base_offset == Offset(7) && produced.log_append_time == 8 && produced.log_start == Offset(9));

  const Flushed sent{5, 1, {{3, {ErrorCode::message_too_large, "too large"}}}, Offset(1), Offset(2)};
  const auto flushed = round_trip<wire::Flushed>(sent);
  BOOST_CHECK(flushed.acknowledged == 5 && flushed.failed == 1 && flushed.first_offset == Offset(1) &&
              flushed.last_offset == Offset(2));
  BOOST_REQUIRE(flushed.failures.size() == 1U);
  BOOST_CHECK(flushed.failures[0].send == 3 && flushed.failures[0].error.code == ErrorCode::message_too_large &&
              flushed.failures[0].error.message == "too large");
}

BOOST_AUTO_TEST_CASE(null_and_empty_are_told_apart) {
  const auto records = round_trip(std::vector<Record>{{.key = "", .value = {}, .headers = {{"h", {}}, {"e", ""}}}});
  BOOST_REQUIRE(records.size() == 1U);
  BOOST_CHECK(records[0].key == "" && !records[0].value);
  BOOST_CHECK(!records[0].headers[0].value && records[0].headers[1].value == "");
}

BOOST_AUTO_TEST_CASE(batches_and_offsets_survive_the_way) {
  const Fetched held{{SharedBytes::copy_of("one"), SharedBytes::copy_of("two")}, Offset(10), Offset(2)};
  const auto fetched = round_trip<wire::Fetched>(held);
  BOOST_REQUIRE(fetched.batches.size() == 2U);
  BOOST_CHECK(fetched.batches[1].text() == "two" && fetched.high_watermark == Offset(10) &&
              fetched.log_start == Offset(2));
  const auto found = round_trip<wire::OffsetInfo>(OffsetInfo{Offset(3), 4});
  BOOST_CHECK(found.offset == Offset(3) && found.timestamp == 4);
}

BOOST_AUTO_TEST_CASE(actors_survive_the_way) {
  const ActorRow row{1, "partition", "orders/3", "loop-0", 2, 3, 4, 5, true, "leading", NodeId(6)};
  const auto page = round_trip<wire::ActorPage>(ActorPage{{row}, 90});
  BOOST_REQUIRE(page.rows.size() == 1U);
  BOOST_CHECK(page.rows[0] == row && page.total == 90);
}

BOOST_AUTO_TEST_CASE(an_outcome_is_the_value_or_the_error) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<wire::Outcome<wire::Produced>>();
  write<Produced, wire::Produced>(Produced{Offset(7)}, root);
  BOOST_CHECK(read_outcome(root.asReader())->base_offset == Offset(7));
  write<Produced, wire::Produced>(Error{ErrorCode::invalid_topic, "no"}, root);
  BOOST_CHECK(read_outcome(root.asReader()).error().code == ErrorCode::invalid_topic);
}

BOOST_AUTO_TEST_CASE(an_outcome_that_nobody_filled_is_an_error) {
  capnp::MallocMessageBuilder message;
  const auto root = message.initRoot<wire::Outcome<wire::Produced>>();
  BOOST_CHECK(!read_outcome(root.asReader()).ok());
}

BOOST_AUTO_TEST_CASE(errors_leave_with_kafkas_code_and_always_a_sentence) {
  const auto told = round_trip<wire::ErrorInfo>(Error{ErrorCode::storage_full, "the disk is full"});
  BOOST_CHECK(told.code == ErrorCode::kafka_storage_error && told.message == "the disk is full");
  BOOST_TEST(round_trip<wire::ErrorInfo>(Error{ErrorCode::invalid_topic, ""}).message == "INVALID_TOPIC_EXCEPTION");
}

BOOST_AUTO_TEST_CASE(enums_map_both_ways) {
  for (auto acks : {Acks::all, Acks::leader, Acks::none}) BOOST_CHECK(read(to_wire(acks)) == acks);
  for (auto order : {ActorOrder::mailbox_depth, ActorOrder::mailbox_age, ActorOrder::processing, ActorOrder::messages,
                     ActorOrder::name})
    BOOST_CHECK(read(to_wire(order)) == order);
  BOOST_CHECK(read(static_cast<wire::Acks>(77)) == Acks::all);
  BOOST_TEST(kafka_acks(Acks::all) == -1);
  BOOST_TEST(kafka_acks(Acks::leader) == 1);
  BOOST_TEST(kafka_acks(Acks::none) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::rpc
