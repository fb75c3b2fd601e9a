#include "actors/rpc/peer_service.h"

#include <boost/test/unit_test.hpp>

#include "actors/node/security.h"
#include "actors/peer/peer_connection.h"
#include "actors/rpc/broker_connection.h"
#include "tests/unit/actors/fake_broker_backend.h"
#include "tests/unit/actors/fake_peer_backend.h"

namespace callboard::rpc {
namespace {

PeerHello hello_of(std::int32_t node) {
  PeerHello hello;
  hello.node = NodeId{node};
  hello.incarnation = 100 + static_cast<std::uint64_t>(node);
  hello.cluster.bytes.fill(7);
  hello.identity.bytes.fill(static_cast<std::uint8_t>(node));
  hello.peer = {"10.0.0." + std::to_string(node), 9092};
  return hello;
}

tls::Secret secret() {
  auto made = tls::Secret::of(std::string(32, 's'));
  BOOST_REQUIRE(made.ok());
  return std::move(*made);
}

// Node 1 calls node 2 over a pipe, in one loop.
struct Fixture {
  Fixture() {
    peers.own = hello_of(2);
    backend.peer_backend = &peers;
  }

  // False: it failed.
  bool done(kj::Promise<void> call) {
    return call.then([] { return true; }, [](kj::Exception&&) { return false; }).wait(io.waitScope);
  }
  kj::Promise<Result<PeerHello>> greet(std::shared_ptr<const Security> security = std::make_shared<Security>()) {
    return caller.connect(hello_of(1), std::move(security), channel);
  }
  void connect() { BOOST_REQUIRE(greet().wait(io.waitScope).ok()); }

  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::TwoWayPipe pipe = kj::newTwoWayPipe();
  FakeBrokerBackend backend;
  FakePeerBackend peers;
  BrokerConnection connection{kj::mv(pipe.ends[0]), backend};
  tls::Channel channel;
  int times_drained = 0;
  PeerConnection caller{kj::mv(pipe.ends[1]), [this] { ++times_drained; }};
};

raft::Message append_of(std::uint64_t index, const SharedBytes& payload, NodeId to = NodeId{2}) {
  raft::Append append{RaftIndex{index - 1}, Term{1}, RaftIndex{0}};
  append.entries.push_back({RaftIndex{index}, Term{1}, EntryType::batch, Offset{0}, 1, 1, payload});
  return {GroupId{5}, NodeId{1}, to, Term{1}, std::move(append)};
}

BOOST_FIXTURE_TEST_SUITE(peer_service, Fixture)

BOOST_AUTO_TEST_CASE(each_side_learns_who_the_other_is) {
  const auto other = greet().wait(io.waitScope);
  BOOST_REQUIRE(other.ok());
  BOOST_CHECK(*other == hello_of(2));
  BOOST_REQUIRE(peers.greeted.size() == 1U);
  BOOST_CHECK(peers.greeted.front() == hello_of(1));
}

BOOST_AUTO_TEST_CASE(who_is_refused_is_told_why) {
  peers.refusal = Error{ErrorCode::invalid_request, "You are of another cluster."};
  const auto other = greet().wait(io.waitScope);
  BOOST_REQUIRE(!other.ok());
  BOOST_TEST(other.error().message == "You are of another cluster.");
  BOOST_TEST(!done(caller.raft({}))); // there is no link
}

// The fake takes nothing but the nonce for a proof.
BOOST_AUTO_TEST_CASE(a_secret_is_proven_before_anything_is_said) {
  auto security = std::make_shared<Security>();
  security->secret = secret();
  const auto other = greet(security).wait(io.waitScope);
  BOOST_REQUIRE(!other.ok());
  BOOST_TEST(other.error().message == "Another secret.");
  BOOST_TEST(peers.greeted.empty());
}

BOOST_AUTO_TEST_CASE(a_door_that_only_says_that_it_knows_the_secret_is_not_greeted) {
  peers.takes_any_proof = true;
  auto security = std::make_shared<Security>();
  security->secret = secret();
  const auto other = greet(security).wait(io.waitScope);
  BOOST_REQUIRE(!other.ok());
  BOOST_TEST(other.error().message.find("does not know the secret") != std::string::npos, other.error().message);
  BOOST_TEST(peers.greeted.empty());
}

BOOST_AUTO_TEST_CASE(a_broker_without_a_cluster_takes_no_part) {
  backend.peer_backend = nullptr;
  BOOST_TEST(!done(greet().ignoreResult()));
}

BOOST_AUTO_TEST_CASE(messages_come_whole_and_in_the_order_of_the_calls) {
  connect();
  std::string content(3'000'000, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7 + i / 1000);
  const auto memory = SharedBytes::copy_of(content);
  std::vector<kj::Promise<void>> calls;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    const auto payload = memory.slice(i, i % 2 == 0 ? 100 : 2'000'000);
    calls.push_back(caller.raft({append_of(2 * i, payload), append_of(2 * i + 1, payload)}));
  }
  for (auto& call : calls) call.wait(io.waitScope);
  BOOST_REQUIRE(peers.delivered.size() == 20U);
  for (std::uint64_t i = 1; i <= 20; ++i) {
    const auto& messages = peers.delivered[i - 1];
    BOOST_REQUIRE(messages.size() == 2U);
    const auto& entry = std::get<raft::Append>(messages[0].body).entries.front();
    BOOST_TEST((entry.index == RaftIndex{2 * i}));
    BOOST_CHECK(entry.payload.text() == std::string_view(content).substr(i, i % 2 == 0 ? 100 : 2'000'000));
  }
}

BOOST_AUTO_TEST_CASE(it_is_told_when_everything_is_written) {
  connect();
  times_drained = 0;
  auto call = caller.raft({append_of(1, SharedBytes::copy_of(std::string(100'000, 'x')))});
  BOOST_TEST(!caller.drained());
  call.wait(io.waitScope);
  io.waitScope.poll();
  BOOST_TEST(caller.drained());
  BOOST_TEST(times_drained > 0);
}

BOOST_AUTO_TEST_CASE(messages_that_have_come_the_wrong_way_are_refused) {
  connect();
  BOOST_TEST(!done(caller.raft({append_of(1, {}, NodeId{3})})));
  auto forged = append_of(1, {});
  forged.from = NodeId{3};
  BOOST_TEST(!done(caller.raft({forged})));
  BOOST_TEST(peers.delivered.empty());
}

BOOST_AUTO_TEST_CASE(a_run_of_a_node_that_is_over_is_heard_no_more) {
  connect();
  peers.unheard = Error{ErrorCode::invalid_request, "A later run speaks."};
  BOOST_TEST(!done(caller.raft({append_of(1, {})})));
  BOOST_TEST(!done(caller.heartbeat({}).ignoreResult()));
  BOOST_TEST(!done(caller.announce({})));
  BOOST_TEST(!done(caller.command({}).ignoreResult()));
  BOOST_TEST(peers.delivered.empty());
}

BOOST_AUTO_TEST_CASE(announcements_heartbeats_and_commands_arrive_and_are_answered) {
  connect();
  const std::vector<LeaderAnnouncement> told{{GroupId{5}, Term{2}, NodeId{1}, 3, {NodeId{1}}, {}, {NodeId{1}}}};
  caller.announce(told).wait(io.waitScope);
  BOOST_CHECK(peers.leaders == told);
  const auto answer = caller.heartbeat({101, {GroupId{8}}}).wait(io.waitScope);
  BOOST_CHECK(peers.heartbeats.back() == (PeerHeartbeat{101, {GroupId{8}}}));
  BOOST_CHECK(answer == (PeerHeartbeat{102, {GroupId{4}}}));
  const auto outcome = caller.command({3, SharedBytes::copy_of("do it")}).wait(io.waitScope);
  BOOST_TEST(peers.last_command == 3);
  BOOST_TEST((outcome.error == ErrorCode::none && outcome.body.text() == "do it" && outcome.index == RaftIndex{77}));
}

// What is still on its way when the connection ends is not touched any more.
BOOST_AUTO_TEST_CASE(a_connection_may_end_with_calls_under_way) {
  auto other = kj::newTwoWayPipe();
  auto leaving = kj::heap<PeerConnection>(kj::mv(other.ends[0]), [] {});
  auto call = leaving->raft({append_of(1, SharedBytes::copy_of(std::string(1'000'000, 'x')))});
  call = nullptr;
  leaving = nullptr;
  BOOST_TEST(other.ends[1]->readAllBytes().wait(io.waitScope).size() < 1'000'000U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::rpc
