#include "cluster/partition/follower_reads.h"

#include <boost/test/unit_test.hpp>

namespace callboard::partition {
namespace {

constexpr NodeId self{1};
constexpr NodeId other{2};
constexpr Term term{5};
constexpr RaftIndex last_on_disk{100};

// The leader of three, with a hundred entries on disk, one in memory, and a follower that has
// none of them.
struct Leader {
  raft::Raft raft{start()};
  FollowerReads reads;

  static raft::Start start() {
    raft::Start out;
    out.self = self;
    out.hard = {Term(4), no_node, {{self, other, NodeId{3}}}};
    out.last_index = out.commit_index = last_on_disk;
    out.last_term = Term(4);
    out.terms = {{Term(4), RaftIndex(1)}};
    return out;
  }

  Leader() {
    raft.campaign();
    raft.step({GroupId{}, NodeId{3}, self, term, raft::VoteReply{true, true}});
    raft.hard_state_stored(raft.take_effects().sequence);
    raft.step({GroupId{}, NodeId{3}, self, term, raft::VoteReply{false, true}});
    BOOST_REQUIRE(raft.leads());
    raft.entries_stored(raft.take_effects().sequence);
  }

  void hear(const raft::AppendReply& reply) { raft.step({GroupId{}, other, self, term, reply}); }

  raft::ReadRequest next_read() {
    const auto effects = raft.take_effects();
    BOOST_REQUIRE(effects.reads.size() == 1u);
    reads.want(effects.reads[0]);
    return effects.reads[0];
  }

  raft::ReadRequest lags() {
    hear({RaftIndex{}, true, last_on_disk, RaftIndex{}, Term{}});
    return next_read();
  }

  static std::vector<LogEntry> entries(RaftIndex from, RaftIndex last) {
    std::vector<LogEntry> out;
    for (auto index = from; index <= last; index = index.next())
      out.push_back({index, Term(4), EntryType::noop, Offset{}, 0, no_timestamp, {}});
    return out;
  }

  // Granted, read and handed to Raft.
  void send(GrantId id, const raft::ReadRequest& request, RaftIndex last) {
    const auto taken = reads.take(other);
    BOOST_REQUIRE(taken.has_value());
    BOOST_REQUIRE(FollowerReads::is_needed(raft, *taken));
    reads.start(id, request);
    auto read = entries(request.from, last);
    BOOST_REQUIRE(reads.finish(request, read) == id);
    raft.entries_read(other, request.from, std::move(read));
  }

  std::vector<GrantId> settled() {
    std::vector<GrantId> out;
    for (const auto& release : reads.settle(raft)) out.push_back(release.id);
    return out;
  }
};

using Ids = std::vector<GrantId>;

BOOST_AUTO_TEST_SUITE(follower_reads)

BOOST_FIXTURE_TEST_CASE(a_grant_is_held_until_the_follower_has_what_was_read, Leader) {
  send(7, lags(), RaftIndex(10));
  raft.take_effects();
  BOOST_TEST(settled().empty()); // the first: where the logs meet is to be seen
  hear({RaftIndex(10)});
  const auto second = next_read();
  BOOST_TEST((second.from == RaftIndex(11)));
  BOOST_TEST(settled() == (Ids{7}));
  send(8, second, RaftIndex(20));
  send(9, next_read(), RaftIndex(30)); // goes on without waiting for it
  raft.take_effects();
  BOOST_TEST(settled().empty());
  hear({RaftIndex(20)});
  BOOST_TEST(settled() == (Ids{8}));
  hear({RaftIndex(30)});
  BOOST_TEST(settled() == (Ids{9}));
  BOOST_TEST(!reads.holds());
}

BOOST_FIXTURE_TEST_CASE(it_is_held_while_it_is_being_read, Leader) {
  const auto request = lags();
  reads.take(other);
  reads.start(7, request);
  raft.step({GroupId{}, NodeId{3}, self, Term(6), raft::Append{}});
  BOOST_REQUIRE(!raft.leads());
  BOOST_TEST(settled().empty());
  BOOST_REQUIRE(reads.finish(request, entries(request.from, RaftIndex(10))) == GrantId{7});
  BOOST_TEST(settled() == (Ids{7}));
}

BOOST_FIXTURE_TEST_CASE(what_was_lost_is_given_back, Leader) {
  send(7, lags(), RaftIndex(10));
  hear({RaftIndex(10)});
  send(8, next_read(), RaftIndex(20));
  send(9, next_read(), RaftIndex(30));
  raft.take_effects();
  hear({RaftIndex(10), true, RaftIndex(30), RaftIndex(10), Term(4)}); // both
  const auto again = next_read();
  BOOST_TEST((again.from == RaftIndex(11)));
  BOOST_TEST(settled() == (Ids{7, 8, 9}));
}

BOOST_FIXTURE_TEST_CASE(a_read_that_failed_is_given_back, Leader) {
  const auto request = lags();
  reads.take(other);
  reads.start(7, request);
  BOOST_REQUIRE(reads.finish(request, {}) == GrantId{7});
  raft.entries_read(other, request.from, {});
  BOOST_TEST(settled() == (Ids{7}));
}

BOOST_FIXTURE_TEST_CASE(all_is_given_back_when_the_node_is_down, Leader) {
  send(7, lags(), RaftIndex(10));
  hear({RaftIndex(10)});
  send(8, next_read(), RaftIndex(20));
  const auto third = next_read();
  raft.peer_down(other);
  BOOST_TEST(settled() == (Ids{7, 8}));
  BOOST_TEST(!FollowerReads::is_needed(raft, third));
}

// Not read for a node that is down; once it is back, Raft asks again.
BOOST_FIXTURE_TEST_CASE(who_comes_back_is_read_for_again, Leader) {
  const auto request = lags();
  raft.peer_down(other);
  BOOST_REQUIRE(reads.take(other).has_value());
  raft.entries_read(other, request.from, {});
  raft.peer_up(other);
  BOOST_TEST(raft.take_effects().reads.empty());
  for (std::uint32_t i = 0; i < raft::Config{}.heartbeat_ticks; ++i) raft.tick();
  const auto again = next_read();
  BOOST_TEST(FollowerReads::is_needed(raft, again));
}

BOOST_FIXTURE_TEST_CASE(all_is_given_back_when_another_leads, Leader) {
  send(7, lags(), RaftIndex(10));
  hear({RaftIndex(10)});
  const auto request = next_read();
  raft.step({GroupId{}, NodeId{3}, self, Term(6), raft::Append{}});
  BOOST_REQUIRE(!raft.leads());
  BOOST_TEST(settled() == (Ids{7}));
  BOOST_TEST(!FollowerReads::is_needed(raft, request));
}

BOOST_FIXTURE_TEST_CASE(what_raft_asks_for_next_replaces_what_it_asked_for, Leader) {
  const auto first = lags();
  hear({RaftIndex{}, true, first.from.prev(), RaftIndex{}, Term{}});
  raft::ReadRequest later{other, RaftIndex(50), last_on_disk, 1000};
  reads.want(later);
  const auto taken = reads.take(other);
  BOOST_REQUIRE(taken.has_value());
  BOOST_TEST((taken->from == RaftIndex(50)));
  BOOST_TEST(!reads.take(other).has_value());
}

BOOST_FIXTURE_TEST_CASE(a_replica_that_stops_gives_back_all, Leader) {
  send(7, lags(), RaftIndex(10));
  BOOST_TEST(reads.drop().size() == 1u);
  BOOST_TEST(!reads.holds());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::partition
