#include "cluster/metadata/topic_changes.h"

#include <boost/test/unit_test.hpp>

#include <limits>

namespace callboard::metadata {
namespace {

constexpr NodeId node{3};
const std::string throttled = "leader.replication.throttled.replicas"; // a list

struct Changes {
  Image image;
  TopicDefaults defaults;
  Liveness liveness{{node}, {}};
  TopicRecord orders;

  Changes() {
    image.apply(NodeRecord{node, Uuid{}, {}, {}, {}, {}});
    defaults.partitions_max = 100;
    orders.id.bytes[0] = 9;
    orders.name = "orders";
    orders.groups = {GroupId(2), GroupId(3)};
    orders.configs = {{"retention.ms", "5"}, {"segment.ms", "7"}};
    image.apply(orders);
  }

  static AlterTopicCommand alter(std::vector<ConfigChange> changes, bool replace = false) {
    return {"orders", replace, std::move(changes)};
  }
  TopicConfigs altered(std::vector<ConfigChange> changes, bool replace = false) const {
    const auto record = plan_alter_topic(image, alter(std::move(changes), replace), defaults);
    if (!record.ok()) BOOST_FAIL(record.error().message);
    BOOST_TEST((record->id == orders.id && record->groups == orders.groups));
    return record->configs;
  }
  template <class Planned>
  static ErrorCode refusal(const Planned& planned) {
    if (planned.ok()) return ErrorCode::none;
    BOOST_TEST(!planned.error().message.empty());
    return planned.error().code;
  }
  ErrorCode alter_refusal(std::vector<ConfigChange> changes, bool replace = false) const {
    return refusal(plan_alter_topic(image, alter(std::move(changes), replace), defaults));
  }
  ErrorCode add_refusal(std::int32_t count) const {
    return refusal(plan_add_partitions(image, {"orders", count, std::nullopt}, defaults, liveness));
  }
};

using Op = ConfigOperation;

BOOST_FIXTURE_TEST_SUITE(topic_changes, Changes)

BOOST_AUTO_TEST_CASE(a_change_leaves_what_it_does_not_name) {
  BOOST_TEST((altered({{"retention.ms", Op::set, "6"}}) == TopicConfigs{{"retention.ms", "6"}, {"segment.ms", "7"}}));
  BOOST_TEST((altered({{"retention.ms", Op::reset, {}}}) == TopicConfigs{{"segment.ms", "7"}}));
  BOOST_TEST((altered({{"retention.bytes", Op::reset, {}}}) == orders.configs));
  BOOST_TEST((altered({}) == orders.configs));
}

BOOST_AUTO_TEST_CASE(a_replacement_forgets_what_it_does_not_name) {
  BOOST_TEST((altered({{"segment.ms", Op::set, "8"}}, true) == TopicConfigs{{"segment.ms", "8"}}));
  BOOST_TEST(altered({}, true).empty());
}

BOOST_AUTO_TEST_CASE(lists_grow_and_shrink_by_their_items) {
  orders.configs = {{throttled, "0:1, 1:1"}};
  image.apply(orders);
  const auto list = [&](Op operation, std::string value) {
    return altered({{throttled, operation, std::move(value)}}).at(0).second;
  };
  BOOST_TEST(list(Op::append, "2:1") == "0:1,1:1,2:1");
  BOOST_TEST(list(Op::append, "1:1,1:1 , 3:1,,") == "0:1,1:1,3:1");
  BOOST_TEST(list(Op::subtract, "0:1,9:9") == "1:1");
  BOOST_TEST(list(Op::subtract, "1:1,0:1") == "");
}

BOOST_AUTO_TEST_CASE(a_list_that_was_not_set_starts_from_its_default) {
  BOOST_TEST((altered({{"cleanup.policy", Op::append, "delete"}}).back() ==
              std::pair<std::string, std::string>("cleanup.policy", "delete")));
}

BOOST_AUTO_TEST_CASE(changes_that_make_no_sense_are_refused) {
  BOOST_TEST((alter_refusal({{"no.such", Op::set, "1"}}) == ErrorCode::invalid_config));
  BOOST_TEST((alter_refusal({{"no.such", Op::reset, {}}}) == ErrorCode::invalid_config));
  BOOST_TEST((alter_refusal({{"retention.ms", Op::set, "soon"}}) == ErrorCode::invalid_config));
  BOOST_TEST((alter_refusal({{"retention.ms", Op::append, "5"}}) == ErrorCode::invalid_config));
  BOOST_TEST((alter_refusal({{"retention.ms", Op::set, {}}}) == ErrorCode::invalid_request));
  BOOST_TEST((alter_refusal({{"retention.ms", Op::set, {}}}, true) == ErrorCode::invalid_request));
  BOOST_TEST((alter_refusal({{"retention.ms", Op(4), "5"}}) == ErrorCode::invalid_request));
  BOOST_TEST((alter_refusal({{"retention.ms", Op(-1), "5"}}) == ErrorCode::invalid_request));
  BOOST_TEST(
      (alter_refusal({{"retention.ms", Op::set, "5"}, {"retention.ms", Op::reset, {}}}) == ErrorCode::invalid_request));
  BOOST_TEST((alter_refusal({{throttled, Op::set, std::string(config_value_bytes_max + 1, '1')}}) ==
              ErrorCode::invalid_config));
  // Good ones beside a bad one change nothing either: there is no record.
  BOOST_TEST(
      (alter_refusal({{"segment.ms", Op::set, "8"}, {"retention.ms", Op::set, "-2"}}) == ErrorCode::invalid_config));
}

BOOST_AUTO_TEST_CASE(unknown_and_internal_topics_are_not_changed) {
  BOOST_TEST(
      (refusal(plan_alter_topic(image, {"other", false, {}}, defaults)) == ErrorCode::unknown_topic_or_partition));
  BOOST_TEST(
      (refusal(plan_alter_topic(image, {"__consumer_offsets", false, {}}, defaults)) == ErrorCode::invalid_topic));
  BOOST_TEST((refusal(plan_add_partitions(image, {"other", 3, std::nullopt}, defaults, liveness)) ==
              ErrorCode::unknown_topic_or_partition));
  BOOST_TEST((refusal(plan_add_partitions(image, {"__transaction_state", 99, std::nullopt}, defaults, liveness)) ==
              ErrorCode::invalid_topic));
}

BOOST_AUTO_TEST_CASE(new_partitions_get_groups_never_used_before) {
  image.apply(TopicRecord{Uuid{}, "younger", {GroupId(7)}, {}});
  const auto record = plan_add_partitions(image, {"orders", 4, std::nullopt}, defaults, liveness);
  BOOST_REQUIRE(record.ok());
  BOOST_TEST((record->groups == std::vector<GroupId>{GroupId(2), GroupId(3), GroupId(8), GroupId(9)}));
  BOOST_TEST((record->id == orders.id && record->configs == orders.configs));
  // Those of an old log stay where they are, on node 1.
  const Placement old{{NodeId(1)}, {}, true};
  const Placement here{{node}, {}, true};
  BOOST_TEST((record->placements == std::vector<Placement>{old, old, here, here}));
}

BOOST_AUTO_TEST_CASE(new_partitions_get_as_many_replicas_as_the_first) {
  const NodeId other(4);
  image.apply(NodeRecord{other, Uuid{}, {}, {}, {}, {}});
  liveness.alive.insert(other);
  orders.placements = {{{node, other}, {}, true}, {{other, node}, {}, true}};
  image.apply(orders);
  const auto more = plan_add_partitions(image, {"orders", 4, std::nullopt}, defaults, liveness);
  BOOST_REQUIRE(more.ok());
  BOOST_TEST(more->placements[0].voters.front().value == node.value);
  for (const std::size_t i : {2u, 3u}) BOOST_TEST(more->placements[i].voters.size() == 2u);
  const auto by_hand = plan_add_partitions(image, {"orders", 3, {{{node}}}}, defaults, liveness);
  BOOST_TEST(by_hand.error().message ==
             "The assignment of partition 2 names 1 nodes; the topic's partitions have 2 replicas.");
  image.apply(NodeRecord{other, Uuid{}, {}, {}, {}, {}, NodeStatus::draining});
  BOOST_TEST((add_refusal(3) == ErrorCode::invalid_replication_factor));
  orders.default_factor = true;
  image.apply(orders);
  BOOST_TEST(plan_add_partitions(image, {"orders", 3, std::nullopt}, defaults, liveness)->placements[2].voters.size() ==
             1u);
}

BOOST_AUTO_TEST_CASE(partitions_only_become_more) {
  for (const std::int32_t count :
       {2, 1, 0, -1, 101, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()}) {
    BOOST_TEST((add_refusal(count) == ErrorCode::invalid_partitions), count);
  }
  BOOST_TEST((add_refusal(3) == ErrorCode::none));
  BOOST_TEST((add_refusal(100) == ErrorCode::none));
}

BOOST_AUTO_TEST_CASE(assignments_must_fit) {
  const auto assigned = [&](std::vector<std::vector<NodeId>> assignments) {
    return refusal(plan_add_partitions(image, {"orders", 4, std::move(assignments)}, defaults, liveness));
  };
  BOOST_TEST((assigned({{node}, {node}}) == ErrorCode::none));
  BOOST_TEST((assigned({}) == ErrorCode::invalid_replica_assignment));
  BOOST_TEST((assigned({{node}}) == ErrorCode::invalid_replica_assignment));
  BOOST_TEST((assigned({{node}, {}}) == ErrorCode::invalid_replica_assignment));
  BOOST_TEST((assigned({{node}, {NodeId(7)}}) == ErrorCode::invalid_replica_assignment));
  BOOST_TEST((assigned({{node}, {node, node}}) == ErrorCode::invalid_replica_assignment));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::metadata
