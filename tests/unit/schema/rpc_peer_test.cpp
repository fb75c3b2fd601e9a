#include "schema/rpc/translate_peer.h"

#include <boost/test/unit_test.hpp>
#include <capnp/message.h>
#include <capnp/serialize.h>

#include "schema/rpc/translate_api.h"
#include "tests/unit/schema/hex.h"

namespace callboard::rpc {
namespace {

Uuid some_id(std::uint8_t first) {
  Uuid id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] = static_cast<std::uint8_t>(first + i);
  return id;
}

PeerHello some_hello() {
  PeerHello hello;
  hello.cluster = some_id(0xA0);
  hello.identity = some_id(0xB0);
  hello.node = NodeId{2};
  hello.incarnation = 77;
  hello.peer = {"10.0.0.2", 9092};
  hello.client = {"broker.example", 9093};
  hello.rack = "r1";
  hello.version = "1.2";
  hello.wall = 1000;
  return hello;
}

LeaderAnnouncement some_announcement() {
  return {GroupId{7},  Term{3}, NodeId{1}, 4, {NodeId{1}, NodeId{2}, NodeId{3}}, {NodeId{4}}, {NodeId{1}, NodeId{3}},
          RaftIndex{9}};
}

// Through the wire form and back.
template <class WireType, class Plain>
Plain round_trip(const Plain& plain) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<WireType>();
  write(plain, root);
  return read(root.asReader());
}

template <class WireType, class Plain>
std::string golden(const Plain& plain) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<WireType>();
  write(plain, root);
  const auto words = capnp::canonicalize(root.asReader());
  return to_hex({words.asBytes().begin(), words.asBytes().size()});
}

bool refused(const std::function<void()>& reading) {
  return kj::runCatchingExceptions([&] { reading(); }) != nullptr;
}

template <class WireType>
bool refused(const std::function<void(typename WireType::Builder)>& fill) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<WireType>();
  fill(root);
  return refused([&] { static_cast<void>(read(root.asReader())); });
}

BOOST_AUTO_TEST_SUITE(rpc_peer)

BOOST_AUTO_TEST_CASE(each_message_has_its_golden_bytes) {
  BOOST_TEST(golden<wire::PeerHello>(some_hello()) ==
             "000000000300060001000000fdffffff4d0000000000000017fcffffffffffff15000000820000001900000082000000"
             "1c000000010001002800000001000100350000001a0000003500000022000000a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
             "b0b1b2b3b4b5b6b7b8b9babbbcbdbebf8423000000000000010000004a00000031302e302e302e320000000000000000"
             "8523000000000000010000007a00000062726f6b65722e6578616d706c6500007231000000000000312e320000000000");
  BOOST_TEST(golden<wire::PeerHeartbeat>(PeerHeartbeat{5, {GroupId{9}}}) ==
             "00000000010001000500000000000000010000000d0000000900000000000000");
  BOOST_TEST(golden<wire::Probe>(Probe{1, some_id(0xB0), some_id(0xA0), {"a:1", "b:2"}}) ==
             "0000000001000300010000000000000009000000820000000d000000820000001100000016000000b0b1b2b3b4b5b6b7"
             "b8b9babbbcbdbebfa0a1a2a3a4a5a6a7a8a9aaabacadaeaf05000000220000000500000022000000613a310000000000"
             "623a320000000000");
  BOOST_TEST(golden<wire::PeerLink::CommandParams>(PeerCommand{3, SharedBytes::copy_of("make")}) ==
             "0000000001000100030000000000000001000000220000006d616b6500000000");
}

BOOST_AUTO_TEST_CASE(hellos_survive_the_way) {
  BOOST_CHECK(round_trip<wire::PeerHello>(some_hello()) == some_hello());
}

BOOST_AUTO_TEST_CASE(probes_survive_the_way_with_and_without_a_cluster) {
  for (const auto& probe : {Probe{1, some_id(1), some_id(2), {"a:1", "b:2"}}, Probe{2, some_id(3), std::nullopt, {}}})
    BOOST_CHECK(round_trip<wire::Probe>(probe) == probe);
}

BOOST_AUTO_TEST_CASE(who_joins_survives_the_way) {
  const JoinRequest request{1, some_id(1), {"h", 1}, {"c", 2}, "rack", "0.5"};
  BOOST_CHECK(round_trip<wire::JoinRequest>(request) == request);
  const JoinAnswer answer{
      some_id(9), NodeId{4}, {{NodeId{1}, some_id(1), {"h", 1}, {"c", 2}, "r", "v", NodeStatus::draining}}};
  const auto joined = round_trip<wire::JoinOutcome>(Result<JoinAnswer>(answer));
  BOOST_REQUIRE(joined.ok());
  BOOST_CHECK(*joined == answer);
  const auto refusal = round_trip<wire::JoinOutcome>(Result<JoinAnswer>(Error{ErrorCode::not_controller, "ask 1"}));
  BOOST_REQUIRE(!refusal.ok());
  BOOST_CHECK(refusal.error().code == ErrorCode::not_controller && refusal.error().message == "ask 1");
}

BOOST_AUTO_TEST_CASE(announcements_survive_the_way) {
  const std::vector<LeaderAnnouncement> sent{some_announcement(), {GroupId{8}, Term{1}, no_node, 0, {}, {}, {}}};
  capnp::MallocMessageBuilder message;
  auto list = message.initRoot<wire::PeerLink::AnnounceParams>().initLeaders(2);
  write(sent, list);
  BOOST_CHECK(read(list.asReader()) == sent);
}

BOOST_AUTO_TEST_CASE(heartbeats_and_commands_survive_the_way) {
  const PeerHeartbeat heartbeat{5, {GroupId{1}, GroupId{2}}};
  BOOST_CHECK(round_trip<wire::PeerHeartbeat>(heartbeat) == heartbeat);
  const auto command = round_trip<wire::PeerLink::CommandParams>(PeerCommand{3, SharedBytes::copy_of("x")});
  BOOST_TEST((command.kind == 3 && command.body.text() == "x"));
  const auto outcome = round_trip<wire::PeerLink::CommandResults>(
      PeerCommandOutcome{ErrorCode::topic_already_exists, "There is one.", SharedBytes::copy_of("y"), RaftIndex{6}});
  BOOST_TEST((outcome.error == ErrorCode::topic_already_exists && outcome.message == "There is one." &&
              outcome.body.text() == "y" && outcome.index == RaftIndex{6}));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_meant_is_refused) {
  using Hello = wire::PeerHello::Builder;
  BOOST_TEST(refused<wire::PeerHello>([](Hello hello) {
    write(some_hello(), hello);
    hello.setCluster(to_data(bytes_of("short")));
  }));
  BOOST_TEST(refused<wire::PeerHello>([](Hello hello) {
    write(some_hello(), hello);
    hello.setRack(to_text(std::string(5000, 'r')));
  }));
  BOOST_TEST(refused<wire::JoinOutcome>([](wire::JoinOutcome::Builder outcome) {
    write(Result<JoinAnswer>(JoinAnswer{some_id(1), no_node, {}}), outcome);
  }));
  for (const auto& announcement :
       {LeaderAnnouncement{GroupId{1}, Term{-1}, NodeId{1}}, LeaderAnnouncement{GroupId{1}, Term{1}, NodeId{-2}},
        LeaderAnnouncement{GroupId{1}, Term{1}, NodeId{1}, 0, {NodeId{-1}}},
        LeaderAnnouncement{GroupId{1}, Term{1}, NodeId{1}, 0, std::vector(256, NodeId{1})}}) {
    capnp::MallocMessageBuilder message;
    auto list = message.initRoot<wire::PeerLink::AnnounceParams>().initLeaders(1);
    write(std::vector{announcement}, list);
    BOOST_TEST(refused([&] { read(list.asReader()); }));
  }
}

BOOST_AUTO_TEST_CASE(damage_never_does_worse_than_an_error) {
  capnp::MallocMessageBuilder message;
  write(some_hello(), message.initRoot<wire::PeerHello>());
  const auto words = capnp::messageToFlatArray(message);
  const auto try_reading = [](kj::ArrayPtr<const capnp::word> flat) {
    refused([&] {
      capnp::FlatArrayMessageReader reader(flat, {1024, 8});
      read(reader.getRoot<wire::PeerHello>());
    });
  };
  for (std::size_t size = 0; size < words.size(); ++size) try_reading(words.slice(0, size));
  for (std::size_t bit = 0; bit < words.asBytes().size() * 8; ++bit) {
    auto damaged = kj::heapArray<capnp::word>(words);
    damaged.asBytes()[bit / 8] ^= static_cast<kj::byte>(1 << (bit % 8));
    try_reading(damaged);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::rpc
