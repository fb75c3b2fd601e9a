#include <boost/test/unit_test.hpp>

#include "actors/peer/hello_check.h"
#include "actors/peer/incarnations.h"

namespace callboard {
namespace {

PeerHello hello_of(std::int32_t node) {
  PeerHello hello;
  hello.node = NodeId{node};
  hello.cluster.bytes.fill(7);
  hello.identity.bytes.fill(static_cast<std::uint8_t>(node));
  hello.peer = {"10.0.0." + std::to_string(node), 9092};
  hello.version = "0.5";
  return hello;
}

Nodes nodes_with(const PeerHello& hello, NodeStatus status = NodeStatus::active) {
  NodeRecord record;
  record.id = hello.node;
  record.identity = hello.identity;
  record.status = status;
  return {{hello.node, NodeView{record, true}}};
}

// Refused, with a sentence that names both sides.
bool refused(const PeerHello& other, ErrorCode code, const Nodes& nodes = {}) {
  const auto own = hello_of(1);
  const auto status = check_hello(own, other, nodes);
  if (status) return false;
  const auto& message = status.error().message;
  return status.error().code == code && message.find(own.peer.text()) != std::string::npos &&
         message.find(other.peer.text()) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(peer_hello)

BOOST_AUTO_TEST_CASE(a_node_that_is_known_or_new_is_talked_to) {
  BOOST_CHECK(check_hello(hello_of(1), hello_of(2), nodes_with(hello_of(2))).ok());
  BOOST_CHECK(check_hello(hello_of(1), hello_of(2), {}).ok());
}

BOOST_AUTO_TEST_CASE(another_protocol_and_another_cluster_are_refused) {
  auto other = hello_of(2);
  other.protocol = peer_protocol + 1;
  BOOST_TEST(refused(other, ErrorCode::unsupported_version));
  other = hello_of(2);
  other.cluster.bytes.fill(8);
  BOOST_TEST(refused(other, ErrorCode::wrong_data_directory));
}

BOOST_AUTO_TEST_CASE(another_directory_under_a_known_id_is_refused) {
  auto other = hello_of(2);
  other.identity.bytes.fill(99);
  BOOST_TEST(refused(other, ErrorCode::wrong_data_directory, nodes_with(hello_of(2))));
}

BOOST_AUTO_TEST_CASE(a_node_that_was_removed_is_refused) {
  BOOST_TEST(refused(hello_of(2), ErrorCode::wrong_data_directory, nodes_with(hello_of(2), NodeStatus::removed)));
}

BOOST_AUTO_TEST_CASE(a_node_does_not_talk_to_itself_nor_to_its_double) {
  BOOST_TEST(refused(hello_of(1), ErrorCode::wrong_data_directory));
  auto twin = hello_of(1);
  twin.identity.bytes.fill(99);
  twin.peer = {"10.0.0.9", 9092};
  BOOST_TEST(refused(twin, ErrorCode::wrong_data_directory));
}

BOOST_AUTO_TEST_CASE(a_node_without_an_id_is_refused) {
  auto other = hello_of(2);
  other.node = no_node;
  BOOST_TEST(refused(other, ErrorCode::invalid_request));
}

BOOST_AUTO_TEST_CASE(an_earlier_run_is_not_heard_while_a_later_one_is) {
  Incarnations runs;
  const Instant start{1'000'000'000};
  BOOST_TEST(runs.admit(NodeId{2}, 10, start));
  BOOST_TEST(runs.admit(NodeId{2}, 11, start));
  BOOST_TEST(!runs.admit(NodeId{2}, 10, start + std::chrono::seconds(1)));
  BOOST_TEST(runs.admit(NodeId{3}, 10, start));
  BOOST_TEST(runs.admit(NodeId{2}, 11, start + std::chrono::seconds(2)));
  BOOST_TEST(!runs.admit(NodeId{2}, 10, start + std::chrono::seconds(4)));
}

BOOST_AUTO_TEST_CASE(a_run_with_a_lower_number_is_heard_once_the_other_is_silent) {
  Incarnations runs;
  const Instant start{1'000'000'000};
  BOOST_TEST(runs.admit(NodeId{2}, 11, start));
  BOOST_TEST(runs.admit(NodeId{2}, 10, start + Incarnations::remembered));
  BOOST_TEST(runs.admit(NodeId{2}, 10, start + Incarnations::remembered));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard
