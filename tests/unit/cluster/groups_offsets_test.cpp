// Committed offsets, the group's rows, and the group's end.
#include "cluster/groups/subscription.h"
#include "groups_harness.h"

namespace callboard::test {
namespace {

BOOST_FIXTURE_TEST_SUITE(groups_offsets, GroupHarness)

BOOST_AUTO_TEST_CASE(a_simple_consumer_commits_to_a_group_that_never_was) {
  BOOST_TEST(committed_offset() == -1);
  const auto waiter = commit(7);
  BOOST_TEST(!committed.contains(waiter));
  BOOST_TEST(committed_offset() == -1); // not before it is on disk
  write();
  BOOST_TEST(commit_error(waiter) == ErrorCode::none);
  BOOST_TEST(committed_offset() == 7);
  BOOST_TEST(rows().group->protocol_type == "");
  BOOST_TEST(group.describe().state == GroupState::empty);
  BOOST_TEST(reloaded().fetch_offsets({}).offsets.at(0).offset.value == 7);
  commit(8);
  BOOST_TEST(writes.front().rows.size() == 1u); // the group's row is there
}

BOOST_AUTO_TEST_CASE(members_commit_with_their_generation) {
  const auto ids = form({{}, {.instance_id = "i"}});
  const auto good = commit(5, ids[0], 1);
  write();
  BOOST_TEST(commit_error(good) == ErrorCode::none);
  BOOST_TEST(commit_error(commit(5, ids[0], 0)) == ErrorCode::illegal_generation);
  BOOST_TEST(commit_error(commit(5, ids[0], -1)) == ErrorCode::illegal_generation);
  BOOST_TEST(commit_error(commit(5, "x", 1)) == ErrorCode::unknown_member_id);
  BOOST_TEST(commit_error(commit(5)) == ErrorCode::unknown_member_id);
  join({});
  commit(6, ids[0], 1); // before it rejoins
  write();
  BOOST_TEST(committed_offset() == 6);
}

BOOST_AUTO_TEST_CASE(nobody_commits_while_the_leader_assigns) {
  const auto first = join({});
  pass(options.initial_rebalance_delay);
  BOOST_TEST(commit_error(commit(5, joined[first].member_id, 1)) == ErrorCode::rebalance_in_progress);
}

BOOST_AUTO_TEST_CASE(a_group_that_never_was_has_no_generation) {
  BOOST_TEST(commit_error(commit(5, "x", 1)) == ErrorCode::illegal_generation);
  commit(5);
  write();
  BOOST_TEST(commit_error(commit(5, "x", 1)) == ErrorCode::unknown_member_id);
}

BOOST_AUTO_TEST_CASE(a_commit_is_as_good_as_a_heartbeat) {
  const auto ids = form({{}});
  for (int i = 0; i < 3; ++i) {
    pass(seconds(9));
    commit(i, ids[0], 1);
    write();
  }
  BOOST_TEST(group.state() == GroupState::stable);
}

BOOST_AUTO_TEST_CASE(a_partitions_own_error_leaves_the_others_alone) {
  CommitCommand command;
  command.waiter = ++last_waiter;
  command.partitions = {{"a", topic_id(1), 0, Offset(1), 2, "fine"},
                        {"a", topic_id(1), 1, Offset(1), -1, std::string(4097, 'x')},
                        {"a", topic_id(1), -2, Offset(1), -1, ""}};
  group.commit(command, now);
  collect();
  write();
  const std::vector<ErrorCode> expected{ErrorCode::none, ErrorCode::offset_metadata_too_large,
                                        ErrorCode::unknown_topic_or_partition};
  BOOST_TEST((committed[last_waiter].partitions == expected));
  const auto all = group.fetch_offsets({}).offsets;
  BOOST_REQUIRE(all.size() == 1u);
  BOOST_TEST(all[0].metadata == "fine");
  BOOST_TEST(all[0].leader_epoch == 2);
}

// kafkajs forgets an offset so when it is out of range.
BOOST_AUTO_TEST_CASE(a_negative_offset_is_kept_like_any_other) {
  commit(1000);
  write();
  for (const auto offset : {-2, -1}) {
    const auto waiter = commit(offset);
    write();
    BOOST_TEST(commit_error(waiter) == ErrorCode::none);
    BOOST_TEST(committed_offset() == offset);
    BOOST_TEST(reloaded().fetch_offsets({}).offsets.at(0).offset.value == offset);
  }
}

BOOST_AUTO_TEST_CASE(offsets_of_one_group_are_bounded) {
  options.offsets_bytes_max = 1000;
  restart(options);
  for (int i = 0; i < 4; ++i) commit(1, {}, -1, "t", i);
  write_all();
  BOOST_TEST(commit_error(commit(1, {}, -1, "t", 4)) == ErrorCode::invalid_commit_offset_size);
  commit(2, {}, -1, "t", 0);
  write();
  BOOST_TEST(committed_offset("t", 0) == 2);
}

BOOST_AUTO_TEST_CASE(a_failed_commit_keeps_the_old_offset_and_can_be_repeated) {
  commit(1);
  write();
  const auto failed = commit(2);
  fail(ErrorCode::request_timed_out, true);
  BOOST_TEST(commit_error(failed) == ErrorCode::coordinator_not_available);
  BOOST_TEST(committed_offset() == 1);
  commit(2);
  write();
  BOOST_TEST(committed_offset() == 2);
}

BOOST_AUTO_TEST_CASE(a_group_deletion_takes_rows_along_whose_commit_seemed_to_fail) {
  commit(1);
  fail(ErrorCode::request_timed_out, true);
  BOOST_TEST(disk.size() == 2u);
  const auto waiter = delete_group();
  write();
  BOOST_TEST(deleted[waiter].error == ErrorCode::none);
  BOOST_TEST(disk.empty());
  BOOST_TEST(!group.exists());
}

BOOST_AUTO_TEST_CASE(only_an_empty_group_is_deleted) {
  BOOST_TEST(deleted[delete_group()].error == ErrorCode::group_id_not_found);
  const auto ids = form({{}});
  commit(4, ids[0], 1);
  write();
  BOOST_TEST(deleted[delete_group()].error == ErrorCode::non_empty_group);
  leave(ids[0]);
  write_all();
  const auto waiter = delete_group();
  BOOST_TEST(group.describe().state == GroupState::dead);
  BOOST_TEST(commit_error(commit(5)) == ErrorCode::coordinator_not_available);
  BOOST_TEST(join_error(join({})) == ErrorCode::coordinator_not_available);
  BOOST_TEST(deleted[delete_group()].error == ErrorCode::coordinator_not_available);
  write();
  BOOST_TEST(deleted[waiter].error == ErrorCode::none);
  BOOST_TEST(disk.empty());
  BOOST_TEST(committed_offset() == -1);
  BOOST_TEST(group.idle());
  const auto again = form({{}});
  BOOST_TEST(group.describe().generation == 1);
}

BOOST_AUTO_TEST_CASE(a_group_whose_deletion_failed_is_back) {
  commit(4);
  write();
  const auto waiter = delete_group();
  fail(ErrorCode::not_leader_or_follower, true);
  BOOST_TEST(deleted[waiter].error == ErrorCode::not_coordinator);
  BOOST_TEST(committed_offset() == 4);
  commit(5);
  write();
  BOOST_TEST(rows().group.has_value()); // put again, as nobody knows
}

BOOST_AUTO_TEST_CASE(offsets_are_deleted_unless_a_member_reads_them) {
  BOOST_TEST(commit_error(delete_offsets({{"orders", 0}})) == ErrorCode::group_id_not_found);
  const auto ids = form({{.metadata = subscription({"orders"})}});
  commit(1, ids[0], 1, "orders");
  commit(2, ids[0], 1, "other");
  write_all();
  const auto waiter = delete_offsets({{"orders", 0}, {"other", 0}, {"never", 0}});
  write();
  const std::vector<ErrorCode> expected{ErrorCode::group_subscribed_to_topic, ErrorCode::none, ErrorCode::none};
  BOOST_TEST((committed[waiter].partitions == expected));
  BOOST_TEST(committed_offset("orders") == 1);
  BOOST_TEST(committed_offset("other") == -1);
  leave(ids[0]);
  delete_offsets({{"orders", 0}});
  write_all();
  BOOST_TEST(committed_offset("orders") == -1);
  BOOST_TEST(rows().offsets.empty());
}

BOOST_AUTO_TEST_CASE(members_that_are_no_consumers_protect_all_offsets) {
  form({{.protocol_type = "connect"}});
  BOOST_TEST(commit_error(delete_offsets({{"orders", 0}})) == ErrorCode::non_empty_group);
  restart({});
  form({{.metadata = "not a subscription"}});
  BOOST_TEST(commit_error(delete_offsets({{"orders", 0}})) == ErrorCode::group_subscribed_to_topic);
}

BOOST_AUTO_TEST_CASE(a_subscription_is_read_within_its_bounds) {
  const auto whole = subscription({"a", "bc"});
  std::vector<std::string> topics;
  BOOST_TEST(for_each_topic(bytes_of(whole), [&](std::string_view topic) { topics.emplace_back(topic); }));
  BOOST_TEST((topics == std::vector<std::string>{"a", "bc"}));
  const auto body = whole.size() - 4; // user data is not looked at
  for (std::size_t size = 0; size < body; ++size) {
    BOOST_TEST(!for_each_topic(bytes_of(whole).first(size), [](std::string_view) {}), size);
  }
  BOOST_TEST(!for_each_topic(bytes_of(std::string("\0\0\x7f\xff\xff\xff", 6)), [](std::string_view) {}));
  BOOST_TEST(!for_each_topic(bytes_of(std::string("\0\0\xff\xff\xff\xff", 6)), [](std::string_view) {}));
}

BOOST_AUTO_TEST_CASE(a_deleted_topic_takes_its_offsets_along) {
  commit(1, {}, -1, "orders");
  commit(2, {}, -1, "other");
  write_all();
  commit(3, {}, -1, "orders", 1); // on its way
  group.topic_deleted("orders", topic_id(1));
  collect();
  BOOST_TEST(committed_offset("orders") == -1);
  write_all();
  BOOST_TEST(committed_offset("orders", 1) == -1);
  BOOST_TEST(committed_offset("other") == 2);
  BOOST_TEST(rows().offsets.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_new_topic_of_the_same_name_keeps_its_offsets) {
  commit(1);
  write();
  group.topic_deleted("orders", topic_id(2));
  collect();
  BOOST_TEST(writes.empty());
  BOOST_TEST(committed_offset() == 1);
}

BOOST_AUTO_TEST_CASE(rows_of_a_topic_that_is_no_more_are_removed_when_the_group_is_loaded) {
  commit(1);
  write();
  auto loaded = reloaded([](const std::string&) { return topic_id(9); });
  BOOST_TEST(loaded.fetch_offsets({}).offsets.empty());
  const auto effects = loaded.take_effects();
  BOOST_REQUIRE(effects.writes.size() == 1u);
  BOOST_TEST(effects.writes[0].rows.at(0).key == offset_row_key("g", "orders", 0));
}

BOOST_AUTO_TEST_CASE(a_loaded_group_goes_on_where_it_was) {
  const auto ids = form({{}, {.instance_id = "i"}});
  commit(3, ids[0], 1);
  write();
  group = reloaded();
  BOOST_TEST(group.state() == GroupState::stable);
  BOOST_TEST(heartbeat(ids[0], 1) == ErrorCode::none);
  BOOST_TEST(synced[sync(ids[1], 1, {}, "i")].assignment.text() == "assigned to " + ids[1]);
  BOOST_TEST(committed_offset() == 3);
  BOOST_TEST(group.describe().leader == ids[0]);
  BOOST_TEST(cause() == "member m1 of client client at host joined");
  pass(seconds(10)); // a fresh session timeout, and nobody came
  BOOST_TEST(group.state() == GroupState::empty);
}

BOOST_AUTO_TEST_CASE(a_group_of_nothing_can_be_forgotten) {
  const auto ids = form({{}});
  leave(ids[0]);
  write_all();
  group.remove_if_vacant();
  collect();
  write_all();
  BOOST_TEST(disk.empty());
  commit(1);
  write();
  group.remove_if_vacant();
  collect();
  BOOST_TEST(writes.empty());
}

BOOST_AUTO_TEST_CASE(who_resigns_tells_everybody) {
  const auto ids = form({{}, {.instance_id = "i"}});
  const auto committing = commit(1, ids[0], 1);
  const auto replacing = join({.instance_id = "i"});
  const auto parked = join({.member_id = ids[0]});
  group.resign();
  collect();
  BOOST_TEST(commit_error(committing) == ErrorCode::not_coordinator);
  BOOST_TEST(join_error(replacing) == ErrorCode::not_coordinator);
  BOOST_TEST(join_error(parked) == ErrorCode::not_coordinator);
  BOOST_TEST(join_error(join({})) == ErrorCode::not_coordinator);
  BOOST_TEST(heartbeat(ids[0], 1) == ErrorCode::not_coordinator);
  BOOST_TEST(leave(ids[0]) == ErrorCode::not_coordinator);
  BOOST_TEST((group.fetch_offsets({}).error == ErrorCode::not_coordinator));
  write_all(); // late outcomes mean nothing
  BOOST_TEST(!group.next_deadline().has_value());
}

BOOST_AUTO_TEST_CASE(a_description_shows_assignments_of_a_stable_group_only) {
  BOOST_TEST(group.describe().state == GroupState::dead);
  const auto ids = form({{}});
  const auto stable = group.describe();
  BOOST_TEST(stable.protocol_name == "range");
  BOOST_TEST(stable.members.at(0).assignment.text() == "assigned to " + ids[0]);
  BOOST_TEST(stable.members.at(0).client_host == "host");
  join({});
  const auto rebalancing = group.describe();
  BOOST_TEST(rebalancing.protocol_name == "");
  BOOST_TEST(rebalancing.members.at(0).assignment.empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::test
