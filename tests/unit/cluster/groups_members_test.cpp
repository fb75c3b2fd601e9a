// Heartbeats, leaving, time-outs and static members.
#include "groups_harness.h"

namespace callboard::test {
namespace {

BOOST_FIXTURE_TEST_SUITE(groups_members, GroupHarness)

BOOST_AUTO_TEST_CASE(a_heartbeat_keeps_a_member) {
  const auto ids = form({{}, {}});
  for (int i = 0; i < 5; ++i) {
    pass(seconds(9));
    BOOST_TEST(heartbeat(ids[0], 1) == ErrorCode::none);
    BOOST_TEST(heartbeat(ids[1], 1) == ErrorCode::none);
  }
  BOOST_TEST(heartbeat(ids[0], 0) == ErrorCode::illegal_generation);
  BOOST_TEST(heartbeat(ids[0], 2) == ErrorCode::illegal_generation);
}

BOOST_AUTO_TEST_CASE(a_member_without_heartbeats_is_removed_and_said_to_be) {
  const auto ids = form({{}, {}});
  pass(seconds(9));
  heartbeat(ids[0], 1);
  pass(seconds(1));
  BOOST_TEST(group.state() == GroupState::preparing_rebalance);
  BOOST_TEST(cause() == "member " + ids[1] + " of client client at host sent no heartbeat for 10000 ms");
  BOOST_TEST(group.describe().cause.at == now.wall);
  BOOST_TEST(heartbeat(ids[1], 1) == ErrorCode::unknown_member_id);
  finish_joins({join({.member_id = ids[0]})});
  BOOST_TEST(group.describe().generation == 2);
}

BOOST_AUTO_TEST_CASE(heartbeats_count_while_the_leader_assigns) {
  const auto first = join({});
  pass(options.initial_rebalance_delay);
  pass(seconds(9));
  BOOST_TEST(heartbeat(joined[first].member_id, 1) == ErrorCode::none);
  pass(seconds(9));
  BOOST_TEST(group.state() == GroupState::completing_rebalance);
}

BOOST_AUTO_TEST_CASE(a_parked_member_needs_no_heartbeat) {
  const auto ids = form({{}, {.session_timeout_ms = 40'000}});
  const auto parked = join({.member_id = ids[0]});
  pass(seconds(39));
  BOOST_TEST(!joined.contains(parked));
  join({.member_id = ids[1]});
  BOOST_TEST(join_error(parked) == ErrorCode::none);
  BOOST_TEST(group.members().size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_first_join_that_nobody_completes_is_given_up) {
  form({{.session_timeout_ms = 1'800'000, .rebalance_timeout_ms = 1'000'000}});
  const auto lost = join({.rebalance_timeout_ms = 1'000'000});
  pass(seconds(301));
  BOOST_TEST(join_error(lost) == ErrorCode::unknown_member_id);
}

BOOST_AUTO_TEST_CASE(members_that_do_not_ask_for_their_assignment_are_removed) {
  const auto first = join({.rebalance_timeout_ms = 5000}), second = join({.rebalance_timeout_ms = 5000});
  pass(options.initial_rebalance_delay);
  const auto leader = joined[first].member_id;
  sync(leader, 1, {{leader, "A"}});
  write();
  BOOST_TEST(group.state() == GroupState::stable);
  pass(seconds(5));
  BOOST_TEST(group.state() == GroupState::preparing_rebalance);
  BOOST_TEST(heartbeat(joined[second].member_id, 1) == ErrorCode::unknown_member_id);
  BOOST_TEST(cause().find("did not ask for its assignment in time") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(who_leaves_begins_a_rebalance) {
  const auto ids = form({{}, {}});
  BOOST_TEST(leave(ids[1], {}, "the consumer is being closed") == ErrorCode::none);
  BOOST_TEST(group.state() == GroupState::preparing_rebalance);
  BOOST_TEST(cause() == "member " + ids[1] + " of client client at host left: the consumer is being closed");
  BOOST_TEST(leave(ids[1]) == ErrorCode::unknown_member_id);
}

BOOST_AUTO_TEST_CASE(the_last_member_leaves_an_empty_group_behind) {
  const auto ids = form({{}});
  BOOST_TEST(leave(ids[0]) == ErrorCode::none);
  BOOST_TEST(group.state() == GroupState::empty);
  BOOST_TEST(group.describe().generation == 2);
  write_all();
  BOOST_TEST(group.idle());
  BOOST_TEST(group.exists());
  BOOST_TEST(rows().group->members.size() == 0u);
  BOOST_TEST(!group.next_deadline().has_value());
}

BOOST_AUTO_TEST_CASE(leaving_answers_what_the_member_waits_for) {
  const auto first = join({}), second = join({});
  pass(options.initial_rebalance_delay);
  const auto parked = sync(joined[second].member_id, 1);
  leave(joined[second].member_id);
  BOOST_TEST(sync_error(parked) == ErrorCode::unknown_member_id);
  const auto waiting = join({.member_id = joined[first].member_id});
  BOOST_TEST(join_error(waiting) == ErrorCode::none); // alone
}

BOOST_AUTO_TEST_CASE(several_leave_at_once) {
  const auto ids = form({{}, {.instance_id = "i"}, {.instance_id = "j"}});
  const auto pending = join({.require_known_member = true});
  const auto out = group.leave({{ids[0], {}, {}},
                                {"", "i", {}},
                                {ids[2], "i", {}},
                                {ids[2], "j", {}},
                                {"", {}, {}},
                                {joined[pending].member_id, {}, {}}},
                               now);
  collect();
  const std::vector<ErrorCode> expected{
      ErrorCode::none, ErrorCode::none, ErrorCode::unknown_member_id, ErrorCode::none, ErrorCode::unknown_member_id,
      ErrorCode::none};
  BOOST_TEST((out.members == expected));
  BOOST_TEST(group.state() == GroupState::empty);
  BOOST_TEST(cause().find("left, and 2 more") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_pending_member_that_leaves_disturbs_nobody) {
  form({{}});
  const auto pending = join({.require_known_member = true});
  BOOST_TEST(leave(joined[pending].member_id) == ErrorCode::none);
  BOOST_TEST(group.state() == GroupState::stable);
}

BOOST_AUTO_TEST_CASE(a_static_member_comes_back_without_a_rebalance) {
  const auto ids = form({{.instance_id = "i"}, {.instance_id = "j"}});
  const auto back = join({.metadata = "other", .instance_id = "j"});
  BOOST_TEST(!joined.contains(back)); // not before it is stored
  write();
  BOOST_TEST(join_error(back) == ErrorCode::none);
  const auto fresh = joined[back].member_id;
  BOOST_TEST(fresh != ids[1]);
  BOOST_TEST(joined[back].generation == 1);
  BOOST_TEST(joined[back].leader == ids[0]);
  BOOST_TEST(!joined[back].skip_assignment);
  BOOST_TEST(group.state() == GroupState::stable);
  BOOST_TEST(synced[sync(fresh, 1, {}, "j")].assignment.text() == "assigned to " + ids[1]);
  BOOST_TEST(heartbeat(ids[1], 1, "j") == ErrorCode::fenced_instance_id);
  BOOST_TEST(sync_error(sync(ids[1], 1, {}, "j")) == ErrorCode::fenced_instance_id);
  BOOST_TEST(leave(ids[1], "j") == ErrorCode::fenced_instance_id);
  BOOST_TEST(join_error(join({.member_id = ids[1], .instance_id = "j"})) == ErrorCode::fenced_instance_id);
  BOOST_TEST(heartbeat(ids[1], 1) == ErrorCode::unknown_member_id);
  BOOST_TEST(heartbeat(fresh, 1, "nobody") == ErrorCode::unknown_member_id);
}

BOOST_AUTO_TEST_CASE(a_static_leader_that_comes_back_need_not_assign) {
  const auto ids = form({{.instance_id = "i"}, {}});
  const auto back = join({.instance_id = "i"});
  write();
  BOOST_TEST(joined[back].skip_assignment);
  BOOST_TEST(joined[back].leader == joined[back].member_id);
  BOOST_TEST(joined[back].members.size() == 2u);
}

BOOST_AUTO_TEST_CASE(an_older_static_leader_is_told_that_another_leads) {
  const auto ids = form({{.instance_id = "i"}, {}});
  const auto back = join({.instance_id = "i", .can_skip_assignment = false});
  write();
  BOOST_TEST(!joined[back].skip_assignment);
  BOOST_TEST(joined[back].leader == ids[0]);
  BOOST_TEST(joined[back].members.empty());
}

BOOST_AUTO_TEST_CASE(a_static_member_with_another_protocol_begins_a_rebalance) {
  const auto ids = form({{.instance_id = "i", .protocols = {"a", "b"}}});
  const auto back = join({.instance_id = "i", .protocols = {"b", "a"}});
  BOOST_TEST(join_error(back) == ErrorCode::none);
  BOOST_TEST(joined[back].generation == 2);
  BOOST_TEST(cause().find("came back with another protocol") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_static_member_that_comes_back_while_the_leader_assigns_begins_anew) {
  const auto first = join({.instance_id = "i"}), second = join({.instance_id = "j"});
  pass(options.initial_rebalance_delay);
  const auto parked = sync(joined[second].member_id, 1, {}, "j");
  const auto back = join({.instance_id = "j"});
  BOOST_TEST(sync_error(parked) == ErrorCode::fenced_instance_id);
  const auto again = join({.member_id = joined[first].member_id, .instance_id = "i"});
  finish_joins({again, back});
}

BOOST_AUTO_TEST_CASE(a_parked_static_member_is_fenced_by_the_next_process) {
  const auto first = join({.instance_id = "i"});
  const auto second = join({.instance_id = "i"});
  BOOST_TEST(join_error(first) == ErrorCode::fenced_instance_id);
  pass(options.initial_rebalance_delay);
  BOOST_TEST(join_error(second) == ErrorCode::none);
  BOOST_TEST(group.members().size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_static_member_that_is_away_stays_until_its_session_ends) {
  const auto ids = form({{.instance_id = "i", .session_timeout_ms = 100'000}, {}});
  const auto again = join({.member_id = ids[1], .metadata = "other"});
  pass(seconds(60));
  BOOST_TEST(joined[again].members.size() == 2u);
  BOOST_TEST(joined[again].leader == ids[1]);
}

BOOST_AUTO_TEST_CASE(a_static_member_that_could_not_be_stored_tries_again) {
  const auto ids = form({{.instance_id = "i"}});
  const auto back = join({.instance_id = "i"});
  fail(ErrorCode::not_enough_replicas);
  BOOST_TEST(join_error(back) == ErrorCode::coordinator_not_available);
  const auto again = join({.instance_id = "i"});
  write();
  BOOST_TEST(join_error(again) == ErrorCode::none);
  BOOST_TEST(synced[sync(joined[again].member_id, 1, {}, "i")].assignment.text() == "assigned to " + ids[0]);
  BOOST_TEST((reloaded().describe().members.at(0).member_id == joined[again].member_id));
}

BOOST_AUTO_TEST_CASE(two_processes_with_one_instance_id_fence_each_other) {
  form({{.instance_id = "i"}});
  const auto first = join({.instance_id = "i"}), second = join({.instance_id = "i"});
  write_all();
  BOOST_TEST(join_error(first) == ErrorCode::unknown_member_id);
  BOOST_TEST(join_error(second) == ErrorCode::none);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::test
