// JoinGroup and SyncGroup of dynamic members.
#include "groups_harness.h"

namespace callboard::test {
namespace {

BOOST_FIXTURE_TEST_SUITE(groups_join, GroupHarness)

BOOST_AUTO_TEST_CASE(an_empty_group_waits_for_more_members_before_it_forms) {
  const auto first = join({});
  pass(milliseconds(200));
  const auto second = join({});
  pass(milliseconds(249));
  BOOST_TEST(joined.empty());
  BOOST_TEST(group.state() == GroupState::preparing_rebalance);
  pass(milliseconds(1));
  BOOST_TEST(join_error(first) == ErrorCode::none);
  BOOST_TEST(joined[first].generation == 1);
  BOOST_TEST(joined[first].leader == joined[first].member_id);
  BOOST_TEST(joined[first].members.size() == 2u);
  BOOST_TEST(joined[second].members.empty());
  BOOST_TEST(joined[second].leader == joined[first].member_id);
  BOOST_TEST(joined[second].protocol_name == "range");
  BOOST_TEST(joined[second].protocol_type == "consumer");
  BOOST_TEST(group.state() == GroupState::completing_rebalance);
}

BOOST_AUTO_TEST_CASE(the_wait_of_an_empty_group_ends_with_the_rebalance_timeout) {
  const auto first = join({.rebalance_timeout_ms = 1000});
  for (int i = 0; i < 5; ++i) {
    pass(milliseconds(200));
    if (!joined.contains(first)) join({.rebalance_timeout_ms = 1000});
  }
  BOOST_TEST(joined.contains(first));
}

BOOST_AUTO_TEST_CASE(the_leaders_assignment_reaches_everybody_once_it_is_stored) {
  const auto first = join({}), second = join({});
  pass(options.initial_rebalance_delay);
  const auto leader = joined[first].member_id, follower = joined[second].member_id;
  const auto waiting = sync(follower, 1);
  const auto leading = sync(leader, 1, {{leader, "A"}, {follower, "B"}, {"nobody", "C"}});
  BOOST_TEST(synced.empty());
  BOOST_TEST(group.state() == GroupState::completing_rebalance);
  write();
  BOOST_TEST(group.state() == GroupState::stable);
  BOOST_TEST(synced[leading].assignment.text() == "A");
  BOOST_TEST(synced[waiting].assignment.text() == "B");
  BOOST_TEST(synced[waiting].protocol_name == "range");
  BOOST_TEST(synced[sync(follower, 1)].assignment.text() == "B"); // a lost answer
}

BOOST_AUTO_TEST_CASE(a_first_join_without_member_id_only_gets_one) {
  const auto first = join({.require_known_member = true});
  BOOST_TEST(join_error(first) == ErrorCode::member_id_required);
  BOOST_TEST(joined[first].member_id == "m1");
  BOOST_TEST(group.state() == GroupState::empty);
  BOOST_TEST(!group.exists());
  const auto again = join({.member_id = "m1", .require_known_member = true});
  pass(options.initial_rebalance_delay);
  BOOST_TEST(join_error(again) == ErrorCode::none);
  BOOST_TEST(joined[again].member_id == "m1");
}

BOOST_AUTO_TEST_CASE(a_pending_member_is_forgotten_after_its_session_timeout) {
  join({.require_known_member = true, .session_timeout_ms = 2000});
  pass(seconds(2));
  BOOST_TEST(join_error(join({.member_id = "m1"})) == ErrorCode::unknown_member_id);
  BOOST_TEST(group.idle());
}

BOOST_AUTO_TEST_CASE(a_rebalance_waits_for_a_pending_member) {
  const auto ids = form({{}});
  join({.require_known_member = true});
  const auto other = join({});
  BOOST_TEST(group.state() == GroupState::preparing_rebalance);
  const auto again = join({.member_id = ids[0]});
  BOOST_TEST(!joined.contains(again));
  pass(seconds(10)); // the pending one's session timeout
  BOOST_TEST(join_error(again) == ErrorCode::none);
  BOOST_TEST(join_error(other) == ErrorCode::none);
}

BOOST_AUTO_TEST_CASE(members_that_do_not_rejoin_in_time_are_dropped) {
  const auto ids = form({{.session_timeout_ms = 300'000}, {.session_timeout_ms = 300'000}});
  const auto third = join({});
  BOOST_TEST(heartbeat(ids[0], 1) == ErrorCode::rebalance_in_progress);
  const auto again = join({.member_id = ids[0]});
  pass(seconds(60));
  BOOST_TEST(join_error(again) == ErrorCode::none);
  BOOST_TEST(joined[again].generation == 2);
  BOOST_TEST(joined[again].members.size() == 2u);
  BOOST_TEST(join_error(third) == ErrorCode::none);
  BOOST_TEST(heartbeat(ids[1], 2) == ErrorCode::unknown_member_id);
}

BOOST_AUTO_TEST_CASE(another_member_leads_if_the_leader_does_not_rejoin) {
  const auto ids = form({{.session_timeout_ms = 300'000}, {.session_timeout_ms = 300'000}});
  const auto third = join({.metadata = "x"});
  const auto again = join({.member_id = ids[1]});
  pass(seconds(60));
  BOOST_TEST(joined[again].leader != ids[0]);
  BOOST_TEST((joined[again].members.size() + joined[third].members.size() == 2u));
}

BOOST_AUTO_TEST_CASE(a_follower_that_joins_again_unchanged_gets_the_current_generation) {
  const auto ids = form({{}, {}});
  const auto again = join({.member_id = ids[1]});
  BOOST_TEST(join_error(again) == ErrorCode::none);
  BOOST_TEST(joined[again].generation == 1);
  BOOST_TEST(joined[again].members.empty());
  BOOST_TEST(group.state() == GroupState::stable);
}

BOOST_AUTO_TEST_CASE(the_leader_that_joins_again_begins_a_rebalance) {
  const auto ids = form({{}, {}});
  join({.member_id = ids[0], .reason = "partitions changed"});
  BOOST_TEST(group.state() == GroupState::preparing_rebalance);
  BOOST_TEST(cause() == "member " + ids[0] +
                            " of client client at host leads the group and joined again: "
                            "partitions changed");
}

BOOST_AUTO_TEST_CASE(a_member_with_another_subscription_begins_a_rebalance) {
  const auto ids = form({{}, {}});
  const auto changed = join({.member_id = ids[1], .metadata = "other"});
  BOOST_TEST(!joined.contains(changed));
  BOOST_TEST(group.state() == GroupState::preparing_rebalance);
  BOOST_TEST(cause() == "member " + ids[1] + " of client client at host changed its subscription");
  const auto leading = join({.member_id = ids[0]});
  BOOST_TEST(joined[changed].generation == 2);
  BOOST_TEST(joined[leading].members.at(1).metadata.text() == "other");
}

BOOST_AUTO_TEST_CASE(a_lost_join_answer_is_given_again_while_the_leader_assigns) {
  const auto first = join({}), second = join({});
  pass(options.initial_rebalance_delay);
  const auto leader = join({.member_id = joined[first].member_id});
  BOOST_TEST(joined[leader].members.size() == 2u);
  const auto follower = join({.member_id = joined[second].member_id});
  BOOST_TEST(joined[follower].members.empty());
  BOOST_TEST(joined[follower].generation == 1);
  join({.member_id = joined[second].member_id, .metadata = "other"});
  BOOST_TEST(group.state() == GroupState::preparing_rebalance);
}

BOOST_AUTO_TEST_CASE(a_join_takes_the_place_of_an_earlier_one_of_the_same_member) {
  const auto ids = form({{}, {}});
  join({});
  const auto lost = join({.member_id = ids[1]});
  const auto again = join({.member_id = ids[1]});
  BOOST_TEST(join_error(lost) == ErrorCode::rebalance_in_progress);
  BOOST_TEST(!joined.contains(again));
  join({.member_id = ids[0]});
  BOOST_TEST(join_error(again) == ErrorCode::none);
}

BOOST_AUTO_TEST_CASE(the_protocol_is_what_most_members_want_of_those_that_all_support) {
  const auto first = join({.protocols = {"a", "b", "c"}});
  join({.protocols = {"c", "b", "a"}});
  join({.protocols = {"x", "b", "a"}});
  pass(options.initial_rebalance_delay);
  BOOST_TEST(joined[first].protocol_name == "b");
}

BOOST_AUTO_TEST_CASE(a_tied_vote_is_the_leaders) {
  const auto first = join({.protocols = {"z", "a"}});
  join({.protocols = {"a", "z"}});
  pass(options.initial_rebalance_delay);
  BOOST_TEST(joined[first].protocol_name == "z");
}

BOOST_AUTO_TEST_CASE(members_without_a_common_protocol_are_refused) {
  form({{.protocols = {"a", "b"}}, {.protocols = {"b"}}});
  BOOST_TEST(join_error(join({.protocols = {"a", "c"}})) == ErrorCode::inconsistent_group_protocol);
  BOOST_TEST(join_error(join({.protocols = {"b"}, .protocol_type = "connect"})) ==
             ErrorCode::inconsistent_group_protocol);
  BOOST_TEST(group.state() == GroupState::stable);
  restart({});
  BOOST_TEST(join_error(join({.protocols = {}})) == ErrorCode::inconsistent_group_protocol);
  BOOST_TEST(join_error(join({.protocol_type = ""})) == ErrorCode::inconsistent_group_protocol);
}

BOOST_AUTO_TEST_CASE(session_timeouts_outside_the_bounds_are_refused) {
  BOOST_TEST(join_error(join({.session_timeout_ms = 999})) == ErrorCode::invalid_session_timeout);
  BOOST_TEST(join_error(join({.session_timeout_ms = -1})) == ErrorCode::invalid_session_timeout);
  BOOST_TEST(join_error(join({.session_timeout_ms = 30 * 60'000 + 1})) == ErrorCode::invalid_session_timeout);
  BOOST_TEST(!group.exists());
}

BOOST_AUTO_TEST_CASE(an_unknown_member_is_refused) {
  BOOST_TEST(join_error(join({.member_id = "x"})) == ErrorCode::unknown_member_id);
  form({{}});
  BOOST_TEST(join_error(join({.member_id = "x"})) == ErrorCode::unknown_member_id);
  BOOST_TEST(sync_error(sync("x", 1)) == ErrorCode::unknown_member_id);
  BOOST_TEST(heartbeat("x", 1) == ErrorCode::unknown_member_id);
  BOOST_TEST(leave("x") == ErrorCode::unknown_member_id);
}

BOOST_AUTO_TEST_CASE(a_full_group_takes_no_more) {
  GroupOptions few;
  few.members_max = 2;
  restart(few);
  const auto ids = form({{}, {}});
  BOOST_TEST(join_error(join({})) == ErrorCode::group_max_size_reached);
  BOOST_TEST(group.state() == GroupState::stable);
  BOOST_TEST(join_error(join({.member_id = ids[1]})) == ErrorCode::none);
}

BOOST_AUTO_TEST_CASE(pending_members_are_bounded) {
  GroupOptions few;
  few.members_max = 2;
  restart(few);
  for (int i = 0; i < 2; ++i) {
    BOOST_TEST(join_error(join({.require_known_member = true})) == ErrorCode::member_id_required);
  }
  BOOST_TEST(join_error(join({.require_known_member = true})) == ErrorCode::group_max_size_reached);
}

BOOST_AUTO_TEST_CASE(what_members_bring_is_bounded) {
  GroupOptions small;
  small.member_bytes_max = 1000;
  small.group_bytes_max = 2000;
  small.protocols_max = 3;
  restart(small);
  BOOST_TEST(join_error(join({.metadata = std::string(1000, 'x')})) == ErrorCode::message_too_large);
  BOOST_TEST(join_error(join({.protocols = {"a", "b", "c", "d"}})) == ErrorCode::invalid_request);
  const auto ids = form({{.metadata = std::string(700, 'x')}, {.metadata = std::string(700, 'x')}});
  BOOST_TEST(join_error(join({.metadata = std::string(700, 'x')})) == ErrorCode::group_max_size_reached);
  const auto a = join({.member_id = ids[0], .metadata = "s"}), b = join({.member_id = ids[1], .metadata = "s"});
  BOOST_TEST(join_error(a) == ErrorCode::none);
  BOOST_TEST(join_error(b) == ErrorCode::none);
  BOOST_TEST(sync_error(sync(ids[0], 2, {{ids[1], std::string(1000, 'x')}})) == ErrorCode::message_too_large);
  BOOST_TEST(writes.empty());
}

BOOST_AUTO_TEST_CASE(a_reason_is_cut_to_what_people_read) {
  join({.reason = std::string(40'000, 'r')});
  BOOST_TEST(cause().size() < 400u);
}

BOOST_AUTO_TEST_CASE(sync_checks_generation_and_protocol) {
  const auto ids = form({{}});
  BOOST_TEST(sync_error(sync(ids[0], 0)) == ErrorCode::illegal_generation);
  SyncCommand command;
  command.waiter = ++last_waiter;
  command.generation = 1;
  command.member_id = ids[0];
  command.protocol_name = "roundrobin";
  group.sync(command, now);
  command.waiter = ++last_waiter;
  command.protocol_name = "range";
  command.protocol_type = "connect";
  group.sync(command, now);
  command.waiter = ++last_waiter;
  command.protocol_type = "consumer";
  group.sync(command, now);
  collect();
  BOOST_TEST(sync_error(last_waiter - 2) == ErrorCode::inconsistent_group_protocol);
  BOOST_TEST(sync_error(last_waiter - 1) == ErrorCode::inconsistent_group_protocol);
  BOOST_TEST(sync_error(last_waiter) == ErrorCode::none);
}

BOOST_AUTO_TEST_CASE(a_sync_while_the_group_rebalances_is_told_so) {
  const auto ids = form({{}, {}});
  join({});
  BOOST_TEST(sync_error(sync(ids[0], 1)) == ErrorCode::rebalance_in_progress);
}

BOOST_AUTO_TEST_CASE(parked_syncs_are_told_of_the_next_rebalance) {
  const auto first = join({}), second = join({});
  pass(options.initial_rebalance_delay);
  const auto parked = sync(joined[second].member_id, 1);
  join({});
  BOOST_TEST(sync_error(parked) == ErrorCode::rebalance_in_progress);
  BOOST_TEST(heartbeat(joined[first].member_id, 1) == ErrorCode::rebalance_in_progress);
}

BOOST_AUTO_TEST_CASE(a_failed_write_of_the_assignment_begins_anew) {
  const auto first = join({}), second = join({});
  pass(options.initial_rebalance_delay);
  const auto leader = joined[first].member_id, follower = joined[second].member_id;
  const auto a = sync(leader, 1, {{leader, "A"}}), b = sync(follower, 1);
  fail(ErrorCode::not_enough_replicas);
  BOOST_TEST(sync_error(a) == ErrorCode::coordinator_not_available);
  BOOST_TEST(sync_error(b) == ErrorCode::coordinator_not_available);
  BOOST_TEST(group.state() == GroupState::preparing_rebalance);
  BOOST_TEST(cause() == "the assignment could not be stored: the disk is full");
  finish_joins({join({.member_id = leader}), join({.member_id = follower})});
  BOOST_TEST(group.describe().generation == 2);
}

BOOST_AUTO_TEST_CASE(errors_of_the_log_become_ones_that_clients_retry) {
  const auto told = [](ErrorCode code) {
    GroupHarness other;
    const auto first = other.join({});
    other.pass(other.options.initial_rebalance_delay);
    const auto waiter = other.sync(other.joined[first].member_id, 1);
    other.fail(code);
    return other.sync_error(waiter);
  };
  BOOST_TEST(told(ErrorCode::request_timed_out) == ErrorCode::coordinator_not_available);
  BOOST_TEST(told(ErrorCode::storage_full) == ErrorCode::coordinator_not_available);
  BOOST_TEST(told(ErrorCode::not_leader_or_follower) == ErrorCode::not_coordinator);
  BOOST_TEST(told(ErrorCode::kafka_storage_error) == ErrorCode::not_coordinator);
  BOOST_TEST(told(ErrorCode::shutting_down) == ErrorCode::not_coordinator);
  BOOST_TEST(told(ErrorCode::message_too_large) == ErrorCode::unknown_server_error);
}

BOOST_AUTO_TEST_CASE(an_assignment_stored_too_late_does_not_count) {
  const auto first = join({});
  pass(options.initial_rebalance_delay);
  const auto leader = joined[first].member_id;
  const auto waiting = sync(leader, 1, {{leader, "A"}});
  const auto second = join({});
  BOOST_TEST(sync_error(waiting) == ErrorCode::rebalance_in_progress);
  const auto again = join({.member_id = leader});
  write();
  BOOST_TEST(group.state() == GroupState::completing_rebalance);
  finish_joins({again, second});
  BOOST_TEST(group.describe().generation == 2);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::test
