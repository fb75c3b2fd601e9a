#pragma once

#include <vector>

#include "schema/controller_command.h"
#include "schema/result.h"
#include "schema/rpc/cluster.capnp.h"

// How the cluster is and what came of changing it, as cluster.capnp says it <-> plain
// structs, for the nodes among themselves and for clients. Reading a damaged message throws
// kj::Exception.
namespace callboard::rpc {

void write(const ClusterStatus& from, wire::ClusterStatus::Builder to);
// Error: a node's record that cannot be read.
Result<ClusterStatus> read(wire::ClusterStatus::Reader from);

void write(const std::vector<metadata::PartitionMove>& from, capnp::List<wire::PartitionMove>::Builder to);
std::vector<metadata::PartitionMove> read(capnp::List<wire::PartitionMove>::Reader from);
void write(const std::vector<PartitionSelection>& from, capnp::List<wire::PartitionSelection>::Builder to);
std::vector<PartitionSelection> read(capnp::List<wire::PartitionSelection>::Reader from);
void write(const std::vector<PartitionOutcome>& from, capnp::List<wire::PartitionOutcome>::Builder to);
std::vector<PartitionOutcome> read(capnp::List<wire::PartitionOutcome>::Reader from);

// Node ids in a list of the same size.
void write_nodes(const std::vector<NodeId>& from, capnp::List<std::int32_t>::Builder to);
std::vector<NodeId> read_nodes(capnp::List<std::int32_t>::Reader from);

} // namespace callboard::rpc
