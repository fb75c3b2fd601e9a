// The state of an internal partition, on its way to a replica that was sent a snapshot.
#include <boost/test/unit_test.hpp>

#include "cluster/partition/derived_state.h"
#include "replica_harness.h"

namespace callboard::test {
namespace {

constexpr NodeId leader{2};
constexpr Term term{5};

// The test is the leader.
struct Follower : ReplicaHarness {
  Follower() {
    deliver_applied = keeps_state = true;
    disk.hard.membership.voters = {NodeId(1), leader, NodeId(3)};
    start();
    receive(raft::Append{RaftIndex(0), Term(0), RaftIndex(0)});
    settle();
  }

  void receive(raft::Body body, NodeId from = leader, Term its_term = term) {
    replica->step({GroupId(1), from, NodeId(1), its_term, std::move(body)});
  }

  // The log begins behind `index`, an offset an entry.
  void receive_snapshot(std::uint64_t index, NodeId from = leader, Term its_term = term) {
    raft::Snapshot snapshot;
    snapshot.index = RaftIndex(index);
    snapshot.term = Term(4);
    snapshot.next_offset = snapshot.log_start = Offset(static_cast<std::int64_t>(index));
    snapshot.applied = RaftIndex(index + 5);
    snapshot.membership = disk.hard.membership;
    snapshot.state = {partition::log_start_row(snapshot.log_start), partition::catch_up_row(snapshot.applied)};
    receive(raft::InstallSnapshot{std::make_shared<raft::Snapshot>(snapshot)}, from, its_term);
  }

  void receive_part(std::string after, std::uint64_t applied, std::vector<StateRow> rows, bool more,
                    NodeId from = leader) {
    receive(raft::StatePart{std::move(after), RaftIndex(applied), Offset(static_cast<std::int64_t>(applied)),
                            std::move(rows), more},
            from);
  }

  std::optional<partition::StateStep> step_taken() {
    auto step = take().state_step;
    while (store_next()) take();
    return step;
  }
  void settle() { static_cast<void>(step_taken()); }

  // What it asked for since the last look: "leader|after".
  std::string asked() {
    settle();
    std::string out;
    for (const auto& message : std::exchange(outbox, {}))
      if (const auto* request = std::get_if<raft::StateRequest>(&message.body))
        out += std::to_string(message.to.value) + "|" + request->after + " ";
    return out;
  }

  std::uint64_t first() const { return replica->raft().first_index().value; }
  bool installed() {
    settle();
    return disk.first_index() == replica->raft().first_index() && first() > 1;
  }
};

BOOST_FIXTURE_TEST_SUITE(replica_state, Follower)

BOOST_AUTO_TEST_CASE(a_snapshot_waits_until_the_whole_state_is_in_place) {
  receive_snapshot(20);
  BOOST_TEST(asked() == "2| ");
  receive_part("", 24, {{"a", "1"}, {"b", "1"}}, true);
  auto step = step_taken();
  BOOST_REQUIRE(step.has_value());
  BOOST_TEST(step->first);
  BOOST_TEST(step->rows.size() == 2U);
  BOOST_TEST(!step->complete.has_value());
  BOOST_TEST(asked() == ""); // nothing more before it is stored
  replica->state_stored(true);
  BOOST_TEST(asked() == "2|b ");
  receive_part("b", 30, {{"c", "1"}}, false);
  step = step_taken();
  BOOST_REQUIRE(step.has_value() && step->complete.has_value());
  BOOST_TEST(!step->first);
  BOOST_TEST(step->complete->applied.value == 24U); // the least of its parts
  BOOST_TEST(!installed());
  replica->state_stored(true);
  BOOST_TEST(installed());
  BOOST_TEST(first() == 21U);
}

BOOST_AUTO_TEST_CASE(what_is_late_doubled_or_of_another_node_is_no_part_of_it) {
  receive_part("", 24, {{"a", "1"}}, false); // nobody asked
  receive_snapshot(20);
  BOOST_TEST(asked() == "2| ");
  receive_part("", 19, {{"a", "1"}}, false);             // as of before the log begins
  receive_part("x", 24, {{"y", "1"}}, false);            // not what was asked
  receive_part("", 24, {{"a", "1"}}, false, NodeId(3));  // not of whom
  receive_part("", 24, {{"b", "1"}, {"a", "1"}}, false); // not in order
  receive_part("", 24, {}, true);
  BOOST_TEST(!step_taken().has_value());
  receive_part("", 24, {{"a", "1"}}, true);
  BOOST_TEST(step_taken().has_value());
  receive_part("", 24, {{"a", "1"}}, true);
  BOOST_TEST(!step_taken().has_value());
}

BOOST_AUTO_TEST_CASE(what_is_lost_is_asked_for_again_and_not_forever) {
  receive_snapshot(20);
  BOOST_TEST(asked() == "2| ");
  std::string repeats;
  for (int tick = 0; tick < 400; ++tick) {
    replica->tick();
    receive(raft::Append{RaftIndex(0), Term(0), RaftIndex(0)}); // it leads, but does not answer
    repeats += asked();
  }
  BOOST_TEST(std::count(repeats.begin(), repeats.end(), '|') == 19);
  receive_snapshot(20);
  BOOST_TEST(asked() == "2| ");
}

BOOST_AUTO_TEST_CASE(what_could_not_be_stored_comes_again_from_the_first_part_on) {
  receive_snapshot(20);
  receive_part("", 24, {{"a", "1"}}, true);
  settle();
  replica->state_stored(true);
  receive_part("a", 25, {{"b", "1"}}, false);
  settle();
  static_cast<void>(asked());
  replica->state_stored(false);
  BOOST_TEST(asked() == "");
  for (int tick = 0; tick < 10; ++tick) replica->tick();
  BOOST_TEST(asked() == "2| ");
  BOOST_TEST(!installed());
}

BOOST_AUTO_TEST_CASE(a_later_leader_goes_on_where_the_last_one_ended_if_that_is_enough) {
  receive_snapshot(20);
  receive_part("", 24, {{"a", "1"}}, true);
  settle();
  replica->state_stored(true);
  static_cast<void>(asked());
  receive_snapshot(22, NodeId(3), Term(6));
  BOOST_TEST(asked() == "3|a ");
  receive_snapshot(25, NodeId(3), Term(7)); // its log begins behind what came
  BOOST_TEST(asked() == "3| ");
}

BOOST_AUTO_TEST_CASE(with_the_state_there_a_snapshot_is_taken_at_once) {
  replica->state_kept(Offset(20));
  receive_snapshot(20);
  BOOST_TEST(asked() == "");
  BOOST_TEST(installed());
}

BOOST_AUTO_TEST_CASE(a_leader_gives_its_state_to_members_and_keeps_the_entries_behind_it) {
  disk.hard.membership.voters = {NodeId(1)};
  disk.hard.membership.learners = {leader};
  disk.hard.term = {};
  disk.hard.vote = no_node;
  lead();
  receive(raft::StateRequest{"k"}, NodeId(9));
  BOOST_TEST(take().state_reads.empty());
  BOOST_TEST(!replica->state_in_demand());
  receive(raft::StateRequest{"k"});
  const auto given = take().state_reads;
  BOOST_REQUIRE(given.size() == 1U);
  BOOST_TEST((given.front().to == leader && given.front().after == "k"));
  BOOST_TEST(replica->state_in_demand());
  outbox.clear();
  replica->state_read(leader, {"k", RaftIndex(1), Offset(0), {{"l", "1"}}, false});
  take();
  BOOST_TEST((!outbox.empty() && std::holds_alternative<raft::StatePart>(outbox.front().body)));
  for (int tick = 0; tick < 1000; ++tick) replica->tick();
  BOOST_TEST(!replica->state_in_demand());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::test
