#include "schema/rpc/translate_cluster.h"

#include "schema/rpc/translate_api.h"
#include "schema/rpc/translate_node.h"

namespace callboard::rpc {
namespace {

void write_operation(const ClusterOperation& from, wire::ClusterStatus::Operation::Builder to) {
  to.setWhat(to_text(from.what));
  to.setNode(from.node.value);
  to.setDone(from.done);
  to.setTotal(from.total);
  to.setWaiting(to_text(from.waiting));
  to.setLeftMs(from.left_ms);
}

ClusterOperation read_operation(wire::ClusterStatus::Operation::Reader from) {
  return {to_string(from.getWhat()), NodeId(from.getNode()),       from.getDone(),
          from.getTotal(),           to_string(from.getWaiting()), from.getLeftMs()};
}

} // namespace

void write_nodes(const std::vector<NodeId>& from, capnp::List<std::int32_t>::Builder to) {
  for (unsigned i = 0; i < to.size(); ++i) to.set(i, from[i].value);
}

std::vector<NodeId> read_nodes(capnp::List<std::int32_t>::Reader from) {
  std::vector<NodeId> nodes;
  nodes.reserve(from.size());
  for (const auto node : from) nodes.emplace_back(node);
  return nodes;
}

void write(const ClusterStatus& from, wire::ClusterStatus::Builder to) {
  to.setCluster(to_data(from.cluster));
  to.setToldBy(from.told_by.value);
  to.setController(from.controller.value);
  to.setWaiting(to_text(from.waiting));
  auto nodes = to.initNodes(to_list_size(from.nodes.size()));
  for (unsigned i = 0; i < nodes.size(); ++i) {
    write(from.nodes[i].node, nodes[i].initNode());
    nodes[i].setUp(from.nodes[i].up);
    nodes[i].setLeads(from.nodes[i].leads);
    nodes[i].setReplicas(from.nodes[i].replicas);
  }
  auto operations = to.initOperations(to_list_size(from.operations.size()));
  for (unsigned i = 0; i < operations.size(); ++i) write_operation(from.operations[i], operations[i]);
  write_nodes(from.metadata_voters, to.initMetadataVoters(to_list_size(from.metadata_voters.size())));
  write_nodes(from.metadata_learners, to.initMetadataLearners(to_list_size(from.metadata_learners.size())));
  to.setTopics(from.topics);
  to.setPartitions(from.partitions);
  to.setLeaderless(from.leaderless);
  to.setUnderReplicated(from.under_replicated);
  auto troubles = to.initTroubles(to_list_size(from.troubles.size()));
  for (unsigned i = 0; i < troubles.size(); ++i) troubles.set(i, to_text(from.troubles[i]));
}

Result<ClusterStatus> read(wire::ClusterStatus::Reader from) {
  ClusterStatus status;
  status.cluster = to_uuid(from.getCluster()).value_or(Uuid{});
  status.told_by = NodeId(from.getToldBy());
  status.controller = NodeId(from.getController());
  status.waiting = to_string(from.getWaiting());
  for (const auto node : from.getNodes()) {
    auto record = read(node.getNode());
    if (!record) return record.error();
    status.nodes.push_back({std::move(*record), node.getUp(), node.getLeads(), node.getReplicas()});
  }
  for (const auto operation : from.getOperations()) status.operations.push_back(read_operation(operation));
  status.metadata_voters = read_nodes(from.getMetadataVoters());
  status.metadata_learners = read_nodes(from.getMetadataLearners());
  status.topics = from.getTopics();
  status.partitions = from.getPartitions();
  status.leaderless = from.getLeaderless();
  status.under_replicated = from.getUnderReplicated();
  for (const auto trouble : from.getTroubles()) status.troubles.push_back(to_string(trouble));
  return status;
}

void write(const std::vector<metadata::PartitionMove>& from, capnp::List<wire::PartitionMove>::Builder to) {
  for (unsigned i = 0; i < to.size(); ++i) {
    to[i].setPartition(from[i].partition);
    if (const auto& replicas = from[i].replicas)
      write_nodes(*replicas, to[i].initReplicas(to_list_size(replicas->size())));
  }
}

std::vector<metadata::PartitionMove> read(capnp::List<wire::PartitionMove>::Reader from) {
  std::vector<metadata::PartitionMove> moves;
  for (const auto move : from) {
    auto& added = moves.emplace_back();
    added.partition = move.getPartition();
    if (move.hasReplicas()) added.replicas = read_nodes(move.getReplicas());
  }
  return moves;
}

void write(const std::vector<PartitionSelection>& from, capnp::List<wire::PartitionSelection>::Builder to) {
  for (unsigned i = 0; i < to.size(); ++i) {
    to[i].setTopic(to_text(from[i].topic));
    auto partitions = to[i].initPartitions(to_list_size(from[i].partitions.size()));
    for (unsigned j = 0; j < partitions.size(); ++j) partitions.set(j, from[i].partitions[j]);
  }
}

std::vector<PartitionSelection> read(capnp::List<wire::PartitionSelection>::Reader from) {
  std::vector<PartitionSelection> selected;
  for (const auto selection : from) {
    auto& added = selected.emplace_back();
    added.topic = to_string(selection.getTopic());
    for (const auto partition : selection.getPartitions()) added.partitions.push_back(partition);
  }
  return selected;
}

void write(const std::vector<PartitionOutcome>& from, capnp::List<wire::PartitionOutcome>::Builder to) {
  for (unsigned i = 0; i < to.size(); ++i) {
    to[i].setTopic(to_text(from[i].topic));
    to[i].setPartition(from[i].partition);
    to[i].setError(static_cast<std::int16_t>(on_kafka_wire(from[i].error)));
    to[i].setMessage(to_text(from[i].message));
  }
}

std::vector<PartitionOutcome> read(capnp::List<wire::PartitionOutcome>::Reader from) {
  std::vector<PartitionOutcome> outcomes;
  for (const auto outcome : from)
    outcomes.push_back({to_string(outcome.getTopic()), outcome.getPartition(),
                        static_cast<ErrorCode>(outcome.getError()), to_string(outcome.getMessage())});
  return outcomes;
}

} // namespace callboard::rpc
