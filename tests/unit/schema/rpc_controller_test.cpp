#include "schema/rpc/translate_controller.h"

#include <boost/test/unit_test.hpp>

namespace callboard::rpc {
namespace {

Uuid some_id() {
  Uuid id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] = static_cast<std::uint8_t>(0xA0 + i);
  return id;
}

NodeRecord some_node() {
  return {NodeId{3}, some_id(), {"10.0.0.3", 9092}, {"kafka.example", 9093}, "rack-a", "0.1.0", NodeStatus::active};
}

ClusterStatus some_status() {
  ClusterStatus status;
  status.cluster = some_id();
  status.told_by = NodeId{2};
  status.controller = NodeId{1};
  status.waiting = "Nobody controls it.";
  status.nodes = {{some_node(), true, 5, 9}};
  status.operations = {{"drain", NodeId{3}, 4, 10, "A node is away.", 60'000}, {"factor", no_node, 0, 1}};
  status.metadata_voters = {NodeId{1}, NodeId{2}, NodeId{3}};
  status.metadata_learners = {NodeId{4}};
  status.topics = 3;
  status.partitions = 12;
  status.leaderless = 1;
  status.under_replicated = 2;
  status.troubles = {"A clock is wrong.", "A node was refused."};
  return status;
}

std::vector<ControllerCommand> commands() {
  TopicCreation creation;
  creation.command.name = "orders";
  creation.command.assignments = {{0, {NodeId{1}, NodeId{2}}}, {1, {NodeId{2}, NodeId{3}}}};
  creation.command.configs = {{"retention.ms", "60000"}};
  creation.mentioned = true;
  TopicAlteration alteration;
  alteration.command = {"orders",
                        true,
                        {{"retention.ms", metadata::ConfigOperation::append, "1"},
                         {"segment.ms", metadata::ConfigOperation::reset, std::nullopt}}};
  alteration.validate_only = true;
  PartitionAddition addition;
  addition.command = {"orders", 6, std::vector<std::vector<NodeId>>{{NodeId{1}}, {NodeId{2}, NodeId{3}}}};
  PartitionAddition placed_by_us;
  placed_by_us.command = {"orders", 6, std::nullopt};
  TopicMoving moving;
  moving.command = {"orders", {{0, std::vector<NodeId>{NodeId{2}, NodeId{3}}}, {1, std::nullopt}}, false};
  const LeaderElection some{{{"orders", {0, 3}}, {"payments", {}}}, false};
  const LeaderElection every{{}, true};
  return {creation,
          TopicDeletion{"orders", {}},
          TopicDeletion{std::nullopt, some_id()},
          alteration,
          addition,
          placed_by_us,
          ProducerIdAllocation{},
          NodeRegistration{some_node()},
          LeadershipTransfer{GroupId{7}, NodeId{2}},
          NodeDrain{NodeId{2}, true},
          NodeRemoval{NodeId{4}},
          Rebalance{true},
          moving,
          some,
          every,
          ClusterStatusQuery{}};
}

BOOST_AUTO_TEST_SUITE(rpc_controller)

BOOST_AUTO_TEST_CASE(each_command_reads_back_as_it_was_written) {
  for (const auto& command : commands()) {
    const auto decoded = decode_controller_command(bytes_of(encode_controller_command(command)));
    BOOST_REQUIRE(decoded.ok());
    BOOST_CHECK(*decoded == command);
  }
}

BOOST_AUTO_TEST_CASE(each_outcome_reads_back_as_it_was_written) {
  ControllerOutcome full;
  full.index = RaftIndex{17};
  full.record = TopicRemovedRecord{some_id()};
  full.producer_id = ProducerId{4000};
  full.nodes = {some_node()};
  full.partitions = {{"orders", 0}, {"orders", 1, ErrorCode::invalid_replica_assignment, "No such node."}};
  full.status = some_status();
  for (const auto& outcome :
       {ControllerOutcome{}, ControllerOutcome{ErrorCode::topic_already_exists, "It is there."}, full}) {
    const auto decoded = decode_controller_outcome(bytes_of(encode_controller_outcome(outcome)));
    BOOST_REQUIRE(decoded.ok());
    BOOST_CHECK(*decoded == outcome);
  }
}

BOOST_AUTO_TEST_CASE(bytes_cut_short_or_flipped_never_do_worse_than_an_error) {
  for (const auto& command : commands()) {
    const auto encoded = encode_controller_command(command);
    for (std::size_t size = 0; size < encoded.size(); ++size) {
      const auto cut = decode_controller_command(bytes_of(encoded).first(size));
      BOOST_TEST(!cut.ok(), "accepted " << size << " of " << encoded.size() << " bytes");
    }
    for (std::size_t bit = 0; bit < encoded.size() * 8; ++bit) {
      auto damaged = encoded;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      const auto decoded = decode_controller_command(bytes_of(damaged));
      if (!decoded) BOOST_TEST(!decoded.error().message.empty());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::rpc
