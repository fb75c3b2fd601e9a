#include <boost/test/unit_test.hpp>

#include "actors/cli/cluster_commands.h"
#include "tests/unit/actors/cli_run.h"
#include "tests/unit/actors/fake_door.h"

namespace callboard::cli {
namespace {

NodeSummary node(std::int32_t id, bool up, NodeStatus status, std::uint64_t leads, std::uint64_t replicas) {
  NodeRecord record;
  record.id = NodeId{id};
  record.peer = record.client = {"10.0.0." + std::to_string(id), 9092};
  record.version = "0.1.0";
  record.status = status;
  return {record, up, leads, replicas};
}

struct Fixture {
  rpc::FakeDoor door;
  const char* address = door.address().c_str();

  Fixture() {
    door.with_backend([](rpc::FakeBrokerBackend& backend) {
      auto& status = backend.status;
      status.cluster.bytes[15] = 7;
      status.told_by = NodeId{1};
      status.controller = NodeId{1};
      status.nodes = {node(1, true, NodeStatus::active, 8, 12), node(2, false, NodeStatus::draining, 0, 5)};
      status.metadata_voters = {NodeId{1}};
      status.metadata_learners = {NodeId{2}};
      status.topics = 2;
      status.partitions = 8;
      status.under_replicated = 1;
      status.operations = {{"drain", NodeId{2}, 5, 10, "1 partition waits.", 90'500}};
      status.troubles = {"Node 1 refuses somebody."};
    });
  }
  Ran run(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), {"--bootstrap", address});
    return callboard(std::move(arguments));
  }
  // What the controller was asked last.
  ControllerCommand asked() {
    ControllerCommand command;
    door.with_backend([&](rpc::FakeBrokerBackend& backend) { command = backend.commands.back(); });
    return command;
  }
};

BOOST_FIXTURE_TEST_SUITE(cli_cluster, Fixture)

BOOST_AUTO_TEST_CASE(the_status_shows_nodes_and_what_the_cluster_is_busy_with) {
  const auto shown = run({"cluster", "status"});
  BOOST_TEST(shown.status == 0, shown.errors);
  BOOST_TEST(shown.output ==
             "! Node 1 refuses somebody.\n"
             "cluster 00000000000000000000000000000007: 2 nodes, controller node 1\n"
             "2 topics, 8 partitions: all led, 1 with a replica out of sync\n\n"
             "NODE  UP   STATUS    CLIENTS        NODES          RACK  VERSION  LEADS  REPLICAS  ROLE\n"
             "   1  yes  active    10.0.0.1:9092  10.0.0.1:9092     -    0.1.0      8        12  controller\n"
             "   2  no   draining  10.0.0.2:9092  10.0.0.2:9092     -    0.1.0      0         5  learner\n\n"
             "draining node 2: 5 of 10 replicas done, about 91 s left; waits: 1 partition waits.\n");
  const auto json = run({"--format", "json", "cluster", "status"}).output;
  BOOST_TEST(contains(json, "{\"cluster\":\"00000000000000000000000000000007\",\"controller\":1,\"told_by\":1,"
                            "\"waiting\":\"\",\"nodes\":[{\"node\":1,\"up\":true,\"status\":\"active\","
                            "\"client_address\":\"10.0.0.1:9092\""),
             json);
  BOOST_TEST(contains(json, "\"metadata_voters\":[1],\"metadata_learners\":[2],\"topics\":2,\"partitions\":8,"
                            "\"leaderless_partitions\":0,\"under_replicated_partitions\":1,\"operations\":["
                            "{\"operation\":\"drain\",\"node\":2,\"done\":5,\"total\":10,\"left_ms\":90500,"
                            "\"waiting\":\"1 partition waits.\"}],"
                            "\"troubles\":[\"Node 1 refuses somebody.\"]}"),
             json);
}

BOOST_AUTO_TEST_CASE(a_node_without_a_cluster_says_what_it_waits_for) {
  door.with_backend([](rpc::FakeBrokerBackend& backend) {
    backend.status = {};
    backend.status.waiting = "It looks for 10.0.0.9:9092.";
  });
  BOOST_TEST(run({"cluster", "status"}).output == "It looks for 10.0.0.9:9092.\n");
  BOOST_TEST(run({"cluster", "nodes"}).output == "It looks for 10.0.0.9:9092.\n");
  BOOST_TEST(contains(run({"--format", "json", "cluster", "status"}).output, "{\"cluster\":null,\"controller\":null"));
}

BOOST_AUTO_TEST_CASE(nodes_are_drained_and_removed) {
  const auto drained = run({"cluster", "drain", "2"});
  BOOST_TEST(drained.status == 0, drained.errors);
  BOOST_TEST(contains(drained.output, "draining node 2: 5 of 10 replicas done"));
  BOOST_CHECK(asked() == ControllerCommand(NodeDrain{NodeId{2}, false}));
  BOOST_TEST(run({"cluster", "drain", "2", "--cancel"}).status == 0);
  BOOST_CHECK(asked() == ControllerCommand(NodeDrain{NodeId{2}, true}));
  BOOST_TEST(run({"--format", "json", "cluster", "remove", "2"}).output == "{\"removed\":2}\n");
  BOOST_CHECK(asked() == ControllerCommand(NodeRemoval{NodeId{2}}));
  BOOST_TEST(run({"cluster", "rebalance", "--cancel"}).status == 0);
  BOOST_CHECK(asked() == ControllerCommand(Rebalance{true}));
  BOOST_TEST(run({"cluster", "remove", "two"}).status == 2);
}

BOOST_AUTO_TEST_CASE(who_waits_for_a_drain_or_a_rebalance_hears_of_it_until_it_is_done) {
  door.with_backend([](rpc::FakeBrokerBackend& backend) {
    auto later = backend.status;
    later.operations = {{"drain", NodeId{2}, 9, 10, "", 1'000}, {"rebalance", no_node, 1, 2, "", -1}};
    backend.next_statuses.push_back(later);
    later.operations = {{"drain", NodeId{2}, 10, 10, "", -1}, {"rebalance", no_node, 1, 2, "", -1}};
    backend.next_statuses.push_back(later);
  });
  const auto drained = run({"cluster", "drain", "2", "--wait"});
  BOOST_TEST(drained.status == 0, drained.errors);
  BOOST_TEST(contains(drained.output, "5 of 10 replicas done"));
  BOOST_TEST(contains(drained.output, "9 of 10 replicas done"));
  BOOST_TEST(contains(drained.output, "10 of 10 replicas done; nothing is left on it"));
  BOOST_TEST(contains(drained.output, "it is done\n"));
  door.with_backend([](rpc::FakeBrokerBackend& backend) {
    backend.next_statuses.push_back(backend.status);
    backend.next_statuses.back().operations.clear();
  });
  const auto evened = run({"cluster", "rebalance", "--wait"});
  BOOST_TEST(contains(evened.output, "rebalancing: 1 of 2 partitions done\nit is done\n"));
  BOOST_TEST(run({"cluster", "rebalance", "--wait", "--cancel"}).status == 2);
}

BOOST_AUTO_TEST_CASE(what_the_controller_refuses_is_its_sentence_and_status_1) {
  door.with_backend([](rpc::FakeBrokerBackend& backend) {
    backend.outcome = {ErrorCode::invalid_request, "Node 2 cannot be removed."};
  });
  const auto refused = run({"cluster", "remove", "2"});
  BOOST_TEST(refused.status == 1);
  BOOST_TEST(refused.errors == "callboard: Node 2 cannot be removed.\n");
}

BOOST_AUTO_TEST_CASE(partitions_are_moved_and_each_outcome_is_told) {
  door.with_backend([](rpc::FakeBrokerBackend& backend) {
    backend.outcome.partitions = {{"orders", 0}, {"orders", 1, ErrorCode::invalid_replica_assignment, "No node 9."}};
  });
  const auto moved = run({"topic", "move", "orders", "--partition", "0=2,3", "--partition", "1=9"});
  BOOST_TEST(moved.status == 1);
  BOOST_TEST(moved.output == "TOPIC   PARTITION  OUTCOME\n"
                             "orders          0  moves\n"
                             "orders          1  No node 9.\n");
  BOOST_TEST(moved.errors == "callboard: partition 1 of topic orders: No node 9.\n");
  const TopicMoving expected{
      {"orders", {{0, std::vector<NodeId>{NodeId{2}, NodeId{3}}}, {1, std::vector<NodeId>{NodeId{9}}}}}};
  BOOST_CHECK(asked() == ControllerCommand(expected));
  run({"topic", "move", "orders", "--cancel", "--partition", "1"});
  BOOST_CHECK(asked() == ControllerCommand(TopicMoving{{"orders", {{1, std::nullopt}}}}));
  for (const auto* wrong : {"0", "=1", "0=", "0=1,", "0=1;2", "-1=2"})
    BOOST_TEST(run({"topic", "move", "orders", "--partition", wrong}).status == 2, wrong);
  BOOST_TEST(run({"topic", "move", "orders"}).status == 2);
}

BOOST_AUTO_TEST_CASE(durations_are_told_roughly) {
  BOOST_TEST(about(1) == "1 s");
  BOOST_TEST(about(119'000) == "119 s");
  BOOST_TEST(about(150'000) == "3 min");
  BOOST_TEST(about(3 * 3600'000) == "3 h");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace callboard::cli
