// Replicas that lost entries which they had acknowledged.
#include "raft_cluster.h"

namespace callboard::raft {
namespace {

const NodeId a{1};
const NodeId b{2};
const NodeId c{3};

// Which has committed something with everybody.
RaftCluster with_entries() {
  auto cluster = led_by_the_first();
  BOOST_REQUIRE(cluster.propose(a, 3));
  cluster.run(3);
  return cluster;
}

bool recovering(RaftCluster& cluster) {
  return std::any_of(cluster.nodes.begin(), cluster.nodes.end(),
                     [](const auto& node) { return node.second.raft && node.second.raft->recovering(); });
}

// The first message from one to another of this kind; it stays where it is.
template <class Body>
std::size_t position(RaftCluster& cluster, NodeId from, NodeId to) {
  for (std::size_t i = 0; i < cluster.network.size(); ++i) {
    const auto& message = cluster.network[i];
    if (message.from == from && message.to == to && std::holds_alternative<Body>(message.body)) return i;
  }
  BOOST_FAIL("no such message is on its way");
  return 0;
}

BOOST_AUTO_TEST_SUITE(raft_recovery)

BOOST_AUTO_TEST_CASE(it_follows_and_counts_again_once_it_has_all) {
  auto cluster = with_entries();
  cluster.crash(b);
  cluster.lose(b, RaftIndex{0});
  cluster.propose(a, 3);
  cluster.run(2);
  cluster.start(b);
  BOOST_TEST(cluster.at(2).recovering());
  cluster.run(60);
  BOOST_TEST(!cluster.at(2).recovering());
  BOOST_TEST(!cluster.nodes.at(b).disk.hard.recovering);
  BOOST_TEST(cluster.nodes.at(b).disk.hard.life == 1U);
  BOOST_TEST(cluster.at(2).last_index().value == cluster.at(1).last_index().value);
  cluster.crash(c); // now the two are a majority
  const auto before = cluster.committed();
  BOOST_TEST(cluster.propose(cluster.leader(), 1));
  cluster.run(5);
  BOOST_TEST((cluster.committed() > before));
}

// What was committed is on the disks of `a`, which is down, and of `b`, which lost it: `c`, which never had
// it, must not come to lead by the vote of `b`.
BOOST_AUTO_TEST_CASE(its_vote_elects_nobody_who_lacks_the_same) {
  auto cluster = with_entries();
  cluster.propose(a, 5);
  cluster.run(3, {c});
  const auto committed = cluster.committed();
  cluster.crash(a);
  cluster.crash(b);
  cluster.lose(b, RaftIndex{1});
  cluster.start(b);
  cluster.run(200);
  BOOST_TEST(cluster.leader().value == no_node.value);
  BOOST_TEST(cluster.at(2).recovering());
  cluster.start(a);
  cluster.run(100);
  BOOST_REQUIRE(cluster.leader() != no_node);
  BOOST_TEST(!recovering(cluster));
  BOOST_TEST((cluster.committed() >= committed));
  for (int id = 1; id <= 3; ++id) BOOST_TEST(cluster.at(id).last_index().value == cluster.at(1).last_index().value);
}

BOOST_AUTO_TEST_CASE(a_restart_does_not_end_it) {
  auto cluster = with_entries();
  cluster.crash(a);
  cluster.crash(b);
  cluster.lose(b, RaftIndex{1});
  for (int restarts = 0; restarts < 3; ++restarts) {
    cluster.start(b);
    cluster.run(40);
    BOOST_TEST(cluster.leader().value == no_node.value);
    cluster.crash(b);
  }
  BOOST_TEST(cluster.nodes.at(b).disk.hard.recovering);
}

// All lost power. Whoever has most leads, once all have met; before that nobody knows who it is.
BOOST_AUTO_TEST_CASE(all_of_them_elect_who_has_most) {
  for (const int most : {1, 2, 3}) {
    auto cluster = with_entries();
    cluster.propose(a, 4);
    cluster.run(3);
    const auto had = cluster.committed();
    for (int id = 1; id <= 3; ++id) cluster.crash(NodeId{id});
    for (int id = 1; id <= 3; ++id)
      cluster.lose(NodeId{id}, id == most ? had : RaftIndex{static_cast<std::uint64_t>(id)});
    cluster.network.clear();
    const int late = most % 3 + 1;
    for (int id = 1; id <= 3; ++id) {
      if (id != late) cluster.start(NodeId{id});
    }
    cluster.run(150);
    BOOST_TEST(cluster.leader().value == no_node.value);
    cluster.start(NodeId{late});
    cluster.run(150);
    BOOST_TEST(cluster.leader().value == most);
    BOOST_TEST(!recovering(cluster));
    BOOST_TEST((cluster.committed() > had));
  }
}

// It begins anew only because others serve: who they are it may have committed itself, and lost that too.
BOOST_AUTO_TEST_CASE(who_was_the_only_voter_leads_nobody_before_it_has_recovered) {
  RaftCluster cluster(1, 2, 1);
  cluster.at(1).campaign();
  cluster.run(2);
  cluster.crash(a);
  const auto before = cluster.nodes.at(a).disk;
  cluster.start(a);
  cluster.at(1).campaign();
  cluster.observe(a);
  cluster.settle();
  BOOST_REQUIRE(cluster.at(1).change_membership({{a}, {}, {b}}).ok());
  cluster.run(5);
  BOOST_REQUIRE(cluster.at(1).change_membership({{b}, {}, {}}).ok());
  cluster.run(30);
  BOOST_REQUIRE_EQUAL(cluster.leader().value, b.value);
  const auto term = cluster.at(2).term();
  // Neither its log nor that `b` votes alone is left.
  cluster.crash(a);
  cluster.nodes.at(a).disk.hard = before.hard;
  cluster.lose(a, RaftIndex{0});
  cluster.start(a);
  cluster.at(1).campaign();
  cluster.observe(a);
  cluster.run(200);
  BOOST_TEST(!cluster.at(1).leads());
  BOOST_TEST(cluster.leader().value == b.value);
  BOOST_TEST((cluster.at(2).term() == term));
  BOOST_REQUIRE(cluster.at(2).change_membership({{b}, {}, {a}}).ok());
  cluster.run(30);
  BOOST_TEST(!cluster.nodes.at(a).disk.hard.recovering);
  BOOST_TEST((cluster.at(1).leader() == b));
}

// An acknowledgement of an earlier life comes late: what it says is gone.
BOOST_AUTO_TEST_CASE(what_an_earlier_life_acknowledged_is_void) {
  auto cluster = with_entries();
  const auto before = cluster.committed();
  cluster.propose(a, 1);
  cluster.deliver(position<Append>(cluster, a, b));
  while (!cluster.nodes.at(b).storing.empty()) cluster.store(b);
  const auto late = cluster.network[position<AppendReply>(cluster, b, a)];
  cluster.crash(b);
  cluster.lose(b, before);
  cluster.network.clear(); // `a` has not written it, and nothing goes to `c`
  cluster.start(b);
  for (int ticks = 0; ticks < 4; ++ticks) cluster.tick(a);
  cluster.deliver(position<Append>(cluster, a, b));
  while (!cluster.nodes.at(b).storing.empty()) cluster.store(b);
  cluster.deliver(position<AppendReply>(cluster, b, a));
  const auto stale = cluster.at(1).refusals().stale;
  cluster.network = {late};
  cluster.deliver(0);
  while (!cluster.nodes.at(a).storing.empty()) cluster.store(a);
  BOOST_TEST(cluster.at(1).refusals().stale == stale + 1);
  BOOST_TEST(cluster.at(1).commit_index().value == before.value);
}

// It knows that others vote by now than the candidate thinks, although the entry is gone.
BOOST_AUTO_TEST_CASE(it_refuses_who_knows_an_older_membership) {
  auto cluster = with_entries();
  auto& hard = cluster.nodes.at(b).disk.hard;
  cluster.crash(b);
  cluster.lose(b, RaftIndex{0});
  hard.membership_index = RaftIndex{3};
  cluster.start(b);
  const auto ask = [&](std::uint64_t membership_index) {
    cluster.network.clear();
    cluster.at(2).step(
        {GroupId(1), c, b, Term{9}, VoteRequest{RaftIndex{9}, Term{1}, true, false, RaftIndex{membership_index}}});
    cluster.observe(b);
    return std::get<VoteReply>(cluster.network[position<VoteReply>(cluster, b, c)].body);
  };
  BOOST_TEST(!ask(2).granted);
  BOOST_TEST(ask(3).granted);
  BOOST_TEST(ask(3).recovering);
}

// Who recovers may have voted for another leader and have lost that.
BOOST_AUTO_TEST_CASE(a_round_is_answered_by_those_who_count_for_rounds_that_there_were) {
  auto cluster = with_entries();
  auto& leader = cluster.at(1);
  const auto answer = [&](NodeId from, std::uint64_t round, std::uint32_t life) {
    AppendReply reply{RaftIndex{0}};
    reply.life = life;
    reply.recovering = life > 0;
    reply.round = round;
    leader.step({GroupId(1), from, a, leader.term(), std::move(reply)});
  };
  const auto round = leader.begin_round();
  BOOST_TEST(leader.answered_round() == round - 1);
  answer(b, round, 1);
  BOOST_TEST(leader.answered_round() == round - 1);
  answer(c, round + 1, 0);
  BOOST_TEST(leader.answered_round() == round - 1);
  BOOST_TEST(leader.refusals().malformed == 1U);
  answer(c, round, 0);
  BOOST_TEST(leader.answered_round() == round);
}

// What a leader of an earlier term was answered says nothing to the next one.
BOOST_AUTO_TEST_CASE(a_candidate_answers_for_no_round) {
  auto cluster = with_entries();
  const auto term = cluster.at(1).term();
  const auto old_append = [&] {
    Append append{RaftIndex{0}, Term{0}, RaftIndex{0}};
    append.round = 7;
    cluster.network.clear();
    cluster.at(2).step({GroupId(1), a, b, term, std::move(append)});
    cluster.observe(b);
    return std::get<AppendReply>(cluster.network[position<AppendReply>(cluster, b, a)].body);
  };
  BOOST_TEST(old_append().round == 7U);
  cluster.crash(a);
  while (cluster.at(2).term() == term) cluster.at(2).campaign(), cluster.run(1);
  const auto reply = old_append();
  BOOST_TEST(reply.rejected);
  BOOST_TEST(reply.round == 0U);
}

BOOST_AUTO_TEST_CASE(a_round_is_answered_by_those_who_vote_by_now) {
  auto cluster = with_entries();
  auto& leader = cluster.at(1);
  const auto round = leader.begin_round();
  BOOST_TEST(leader.begin_round() == round + 1);
  cluster.observe(a);
  cluster.network.clear();
  BOOST_TEST(leader.answered_round() == round - 1);
  BOOST_TEST(leader.change_membership({{a}, {}, {}}).ok());
  cluster.run(5);
  BOOST_TEST(leader.answered_round() == round + 1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::raft
