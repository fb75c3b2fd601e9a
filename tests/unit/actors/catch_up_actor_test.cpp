#include "actors/partition/catch_up_actor.h"

#include "tests/unit/actors/partition_stage.h"

namespace callboard {
namespace {

constexpr NodeId self_node{1};
constexpr NodeId other{2};
constexpr NodeId third{3};
constexpr Term term{5};
constexpr std::size_t mib = std::size_t{1} << 20;

// The test is all partitions of the node.
struct WithThrottle : Stage {
  NodeContext context;
  LoopContext on_loop{context, *loop};
  partition::CatchUpLimits limits;
  caf::actor catch_up;

  WithThrottle() {
    limits.turns = 1;
    for (std::uint64_t i = 1; i <= 3; ++i) on_loop.groups[GroupId(i)] = me();
  }
  ~WithThrottle() { end(catch_up); }

  void start() { catch_up = spawn_on<CatchUpActor>(*loop, on_loop, limits); }
  void ask(std::uint64_t number) { self->send(catch_up, AskCatchUp{GroupId(number), other, mib}); }
};

// The leader of three replicas; the test is its writer, its reader and the throttle. On disk
// are a hundred entries, of which one follower has none.
struct WithLaggingFollower : Stage {
  caf::actor partition = spawn_on<PartitionActor>(*loop, registry, leader());

  ~WithLaggingFollower() { end(partition); }

  PartitionWiring leader() {
    auto out = wiring(me(), me());
    out.catch_up = me();
    return out;
  }

  void hear(NodeId from, raft::Body body, Term in = term) {
    RaftFromPeer message;
    message.messages.push_back({group, from, self_node, in, std::move(body)});
    self->send(partition, std::move(message));
  }

  void lead() {
    LogOpened opened;
    opened.hard.term = Term{4};
    opened.hard.membership = {{self_node, other, third}, {}, {}};
    opened.log.last_index = opened.log.applied = RaftIndex{100};
    opened.log.last_term = Term{4};
    opened.log.next_offset = Offset{100};
    partition::TermHistory terms;
    terms.append(Term{4}, RaftIndex{1}, Offset{0});
    terms.apply(opened.log.applied);
    opened.log.state = terms.rows();
    self->send(partition, TouchPartition{});
    expect<OpenLog>();
    self->send(partition, std::move(opened));
    hear(third, raft::Append{RaftIndex{100}, Term{4}, RaftIndex{100}}, Term{4});
    hear(third, raft::TimeoutNow{}, Term{4});
    self->send(partition, HardStateStored{expect<StageHardState>().sequence});
    hear(third, raft::VoteReply{false, true});
    self->send(partition, Written{expect<StageWrite>().sequence, nullptr});
    hear(other, raft::AppendReply{RaftIndex{}, true, RaftIndex{100}, RaftIndex{}, Term{}});
  }

  // Before now.
  template <class Message>
  bool came() {
    status(partition);
    bool found = false;
    self->receive([&](const Message&) { found = true; }, caf::after(std::chrono::seconds(0)) >> [] {});
    return found;
  }

  void read(const ReadForFollower& asked, std::uint64_t last) {
    ReadDone done{asked.request, {}};
    for (auto index = asked.request.from; index.value <= last; index = index.next())
      done.entries.push_back({index, Term{4}, EntryType::noop, Offset{}, 0, no_timestamp, {}});
    self->send(partition, std::move(done));
  }
};

BOOST_AUTO_TEST_SUITE(catch_up_actor)

BOOST_FIXTURE_TEST_CASE(one_after_the_other_gets_its_turn, WithThrottle) {
  start();
  ask(1);
  ask(2);
  const auto first = expect<CatchUpGranted>();
  BOOST_TEST((first.to == other));
  BOOST_TEST(status(catch_up) == "1 replicas catch up, 1 wait for their turn, 1048576 bytes under way");
  BOOST_TEST(context.metrics.catch_up_waiting.load() == 1);
  self->send(catch_up, CatchUpMeasured{other, first.id, 1000});
  self->send(catch_up, ReleaseCatchUp{other, first.id});
  const auto second = expect<CatchUpGranted>();
  BOOST_TEST(second.id != first.id);
  BOOST_TEST(context.metrics.catch_up_bytes.load() == 1000U);
  BOOST_TEST(status(catch_up) == "1 replicas catch up, 0 wait for their turn, 1048576 bytes under way");
  BOOST_TEST(context.metrics.catch_up_waiting.load() == 0);
}

BOOST_FIXTURE_TEST_CASE(a_partition_that_has_left_keeps_nobody_waiting, WithThrottle) {
  start();
  ask(77);
  ask(2);
  expect<CatchUpGranted>();
}

BOOST_FIXTURE_TEST_CASE(a_partition_that_never_answers_keeps_nobody_waiting_for_ever, WithThrottle) {
  limits.held_max = std::chrono::milliseconds(100);
  start();
  ask(1);
  expect<CatchUpGranted>();
  ask(2);
  expect<CatchUpGranted>();
}

BOOST_FIXTURE_TEST_CASE(the_next_read_comes_when_the_rate_allows_it, WithThrottle) {
  limits.bytes_per_second = 10 * mib;
  limits.burst = Duration::zero();
  limits.turns = 3;
  start();
  const auto before = std::chrono::steady_clock::now();
  for (std::uint64_t number = 1; number <= 3; ++number) ask(number);
  for (int i = 0; i < 3; ++i) expect<CatchUpGranted>();
  BOOST_TEST((std::chrono::steady_clock::now() - before >= std::chrono::milliseconds(199)));
}

BOOST_FIXTURE_TEST_CASE(a_follower_is_read_for_only_when_it_is_its_turn, WithLaggingFollower) {
  lead();
  const auto asked = expect<AskCatchUp>();
  BOOST_TEST((asked.group == group && asked.to == other && asked.bytes == mib));
  BOOST_TEST(!came<ReadForFollower>());
  self->send(partition, CatchUpGranted{other, 7});
  const auto first = expect<ReadForFollower>();
  BOOST_TEST((first.request.from == RaftIndex{1}));
  read(first, 10);
  BOOST_TEST(expect<CatchUpMeasured>().id == 7U);
  BOOST_TEST(!came<ReleaseCatchUp>()); // the follower does not have it yet
  hear(other, raft::AppendReply{RaftIndex{10}});
  expect<AskCatchUp>(); // before the other is given back: it keeps its turn
  BOOST_TEST(expect<ReleaseCatchUp>().id == 7U);
}

BOOST_FIXTURE_TEST_CASE(a_turn_that_is_of_no_use_any_more_is_given_back, WithLaggingFollower) {
  lead();
  expect<AskCatchUp>();
  self->send(partition, PeerLiveness{other, false});
  self->send(partition, CatchUpGranted{other, 7});
  BOOST_TEST(expect<ReleaseCatchUp>().id == 7U);
  self->send(partition, CatchUpGranted{other, 8}); // nobody asked
  BOOST_TEST(expect<ReleaseCatchUp>().id == 8U);
}

BOOST_FIXTURE_TEST_CASE(a_partition_that_stops_gives_back_its_turn, WithLaggingFollower) {
  lead();
  expect<AskCatchUp>();
  self->send(partition, CatchUpGranted{other, 7});
  const auto reading = expect<ReadForFollower>();
  self->send(partition, DamageFound{{ErrorCode::storage_io, "The disk is broken."}});
  BOOST_TEST(expect<ReleaseCatchUp>().id == 7U);
  read(reading, 10);
  self->send(partition, CatchUpGranted{other, 8});
  BOOST_TEST(expect<ReleaseCatchUp>().id == 8U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard
