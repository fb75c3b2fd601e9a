#include "cluster/raft/raft.h"

#include <boost/test/unit_test.hpp>

namespace callboard::raft {
namespace {

constexpr NodeId self{1};

Start sole_voter(RaftIndex last = {}, Term last_term = {}) {
  Start start;
  start.self = self;
  start.hard = {last_term, self, {{self}}};
  start.last_index = last;
  start.last_term = last_term;
  return start;
}

void elect(Raft& raft) {
  raft.campaign();
  raft.hard_state_stored(raft.take_effects().sequence);
}

// Everything given so far is on disk.
void store(Raft& raft) {
  raft.entries_stored(raft.take_effects().sequence);
}

BOOST_AUTO_TEST_SUITE(raft_of_one)

BOOST_AUTO_TEST_CASE(term_and_vote_are_stored_before_it_leads) {
  Raft raft(sole_voter(RaftIndex(4), Term(2)));
  raft.campaign();
  auto effects = raft.take_effects();
  BOOST_REQUIRE(effects.hard_state.has_value());
  BOOST_TEST(effects.hard_state->term.value == 3);
  BOOST_TEST((effects.hard_state->vote == self));
  BOOST_TEST(effects.write.entries.empty());
  BOOST_TEST((raft.role() == Role::candidate));

  raft.hard_state_stored(effects.sequence);
  BOOST_TEST((raft.role() == Role::leader));
  effects = raft.take_effects();
  BOOST_REQUIRE(effects.write.entries.size() == 1u);
  BOOST_TEST((effects.write.entries[0].type == EntryType::noop));
  BOOST_TEST(effects.write.entries[0].index.value == 5u);
  BOOST_TEST(effects.write.entries[0].term.value == 3);
}

BOOST_AUTO_TEST_CASE(earlier_terms_are_committed_with_the_first_entry_of_its_own) {
  Raft raft(sole_voter(RaftIndex(4), Term(2)));
  elect(raft);
  BOOST_TEST(raft.commit_index().value == 0u);
  BOOST_TEST(!raft.settled());
  store(raft);
  BOOST_TEST(raft.commit_index().value == 5u);
  BOOST_TEST(raft.settled());
}

// As the one that is left when its group shrinks, and whose leader went without a word.
BOOST_AUTO_TEST_CASE(time_has_to_pass_until_it_leads) {
  Raft raft(sole_voter(RaftIndex(4), Term(2)));
  BOOST_TEST(raft.needs_ticks());
  for (int i = 0; i < 40 && raft.role() == Role::follower; ++i) raft.tick();
  raft.hard_state_stored(raft.take_effects().sequence);
  BOOST_TEST(raft.leads());
  BOOST_TEST(!raft.needs_ticks());
  raft.take_effects();
  BOOST_TEST(raft.write_lost());
  BOOST_TEST(raft.needs_ticks()); // for the first entry of its term
  raft.tick();
  store(raft);
  BOOST_TEST(raft.settled());
  BOOST_TEST(!raft.needs_ticks());
}

BOOST_AUTO_TEST_CASE(only_a_leader_takes_proposals) {
  Raft raft(sole_voter());
  std::vector<LogEntry> entries(2);
  BOOST_TEST(!raft.propose(entries));
  BOOST_TEST(entries[0].index.value == 0u);
  elect(raft);
  BOOST_TEST(raft.propose(entries));
  BOOST_TEST(entries[0].index.value == 2u);
  BOOST_TEST(entries[1].index.value == 3u);
  BOOST_TEST(raft.take_effects().write.entries.size() == 3u);
}

BOOST_AUTO_TEST_CASE(does_not_lead_a_group_that_it_is_not_all_of) {
  for (const auto& voters : {std::vector<NodeId>{}, {NodeId(2)}, {self, NodeId(2)}}) {
    auto start = sole_voter();
    start.hard.membership.voters = voters;
    Raft raft(start);
    raft.campaign();
    BOOST_TEST(!raft.take_effects().hard_state.has_value());
    BOOST_TEST(!raft.leads());
  }
}

BOOST_AUTO_TEST_CASE(discarded_entries_have_never_been) {
  Raft raft(sole_voter());
  elect(raft);
  store(raft);
  std::vector<LogEntry> entries(1);
  raft.propose(entries);
  const auto first = raft.take_effects().sequence;
  entries.resize(2);
  raft.propose(entries);
  raft.entries_stored(first);
  BOOST_TEST(raft.write_lost());
  BOOST_TEST(raft.last_index().value == 2u);
  BOOST_TEST(raft.commit_index().value == 2u);
  BOOST_TEST(raft.take_effects().write.entries.empty());
  entries.resize(1);
  raft.propose(entries);
  BOOST_TEST(entries[0].index.value == 3u);
}

BOOST_AUTO_TEST_CASE(a_leader_without_its_first_entry_settles_with_the_next) {
  Raft raft(sole_voter(RaftIndex(4), Term(2)));
  elect(raft);
  BOOST_TEST(raft.write_lost());
  BOOST_TEST(raft.last_index().value == 4u);
  std::vector<LogEntry> entries(1);
  raft.propose(entries);
  store(raft);
  BOOST_TEST(raft.settled());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(raft_of_three)

Raft one_of_three() {
  Start start;
  start.self = self;
  start.hard = {Term(4), no_node, {{NodeId{1}, NodeId{2}, NodeId{3}}}};
  return Raft(std::move(start));
}

// A node repeats with its heartbeats, and in no term, that a replica of it is out of service.
BOOST_AUTO_TEST_CASE(a_leader_that_its_node_says_is_out_of_service_is_followed_no_more) {
  auto raft = one_of_three();
  raft.step({GroupId{}, NodeId{2}, self, Term(4), Append{}});
  BOOST_TEST((raft.leader() == NodeId{2}));
  raft.step({GroupId{}, NodeId{3}, self, Term(0), Stopped{}});
  BOOST_TEST((raft.leader() == NodeId{2}));
  raft.step({GroupId{}, NodeId{2}, self, Term(0), Stopped{}});
  BOOST_TEST((raft.leader() == no_node));
}

BOOST_AUTO_TEST_CASE(leadership_is_not_handed_to_who_would_have_to_catch_up_first) {
  auto raft = one_of_three();
  raft.campaign();
  raft.step({GroupId{}, NodeId{2}, self, Term(5), VoteReply{true, true}});
  raft.hard_state_stored(raft.take_effects().sequence);
  raft.step({GroupId{}, NodeId{2}, self, Term(5), VoteReply{false, true}});
  BOOST_REQUIRE((raft.role() == Role::leader));
  store(raft);
  BOOST_TEST(!raft.transfer_leadership(NodeId{2}).ok());
  BOOST_TEST(!raft.handing_over());
  raft.step({GroupId{}, NodeId{2}, self, Term(5), AppendReply{RaftIndex(1)}});
  BOOST_TEST(raft.transfer_leadership(NodeId{2}).ok());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::raft
