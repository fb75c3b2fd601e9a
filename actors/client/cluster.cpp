#include "actors/client/client.h"
#include "actors/client/outcome.h"
#include "actors/client/routes.h"
#include "schema/rpc/translate_cluster.h"

namespace callboard::client {
namespace {

rpc::wire::Cluster::Client open_cluster(Connection& connection) {
  return connection.broker().clusterRequest().send().getCluster();
}

// The promised outcomes of a call, one for each partition.
template <class Params, class Results>
kj::Promise<Result<std::vector<PartitionOutcome>>> partitions_of(capnp::Request<Params, Results> request) {
  return request.send().then([](capnp::Response<Results>&& response) -> Result<std::vector<PartitionOutcome>> {
    const auto result = response.getResult();
    if (result.isError()) return rpc::read(result.getError());
    return rpc::read(result.getValue().getPartitions());
  });
}

} // namespace

Result<ClusterStatus> Client::cluster_status() {
  auto& connection = routes_->home();
  return connection.wait(
      open_cluster(connection).statusRequest().send().then([](auto&& response) -> Result<ClusterStatus> {
        const auto result = response.getResult();
        if (result.isError()) return rpc::read(result.getError());
        return rpc::read(result.getValue());
      }));
}

Status Client::drain_node(NodeId node, bool cancel) {
  auto& connection = routes_->home();
  auto request = open_cluster(connection).drainRequest();
  request.setNode(node.value);
  request.setCancel(cancel);
  return connection.wait(outcome_of(kj::mv(request)));
}

Status Client::remove_node(NodeId node) {
  auto& connection = routes_->home();
  auto request = open_cluster(connection).removeRequest();
  request.setNode(node.value);
  return connection.wait(outcome_of(kj::mv(request)));
}

Status Client::rebalance(bool cancel) {
  auto& connection = routes_->home();
  auto request = open_cluster(connection).rebalanceRequest();
  request.setCancel(cancel);
  return connection.wait(outcome_of(kj::mv(request)));
}

Result<std::vector<PartitionOutcome>> Client::move_topic(const std::string& topic,
                                                         const std::vector<PartitionMove>& moves) {
  auto& connection = routes_->home();
  auto request = open_cluster(connection).moveTopicRequest();
  request.setTopic(rpc::to_text(topic));
  rpc::write(moves, request.initMoves(rpc::to_list_size(moves.size())));
  return connection.wait(partitions_of(kj::mv(request)));
}

Result<std::vector<PartitionOutcome>> Client::elect_leaders(const std::vector<PartitionSelection>& partitions) {
  auto& connection = routes_->home();
  auto request = open_cluster(connection).electLeadersRequest();
  rpc::write(partitions, request.initPartitions(rpc::to_list_size(partitions.size())));
  request.setAll(partitions.empty());
  return connection.wait(partitions_of(kj::mv(request)));
}

} // namespace callboard::client
