#include "actors/peer/hello_check.h"

#include <fmt/format.h>

namespace callboard {
namespace {

template <class... Args>
Error wrong_directory(fmt::format_string<Args...> format, Args&&... args) {
  return {ErrorCode::wrong_data_directory, fmt::format(format, std::forward<Args>(args)...)};
}

} // namespace

std::string text_of(const PeerHello& hello) {
  if (hello.node == no_node)
    return fmt::format("The node at {} without a cluster (Callboard {})", hello.peer.text(), hello.version);
  return fmt::format("Node {} at {} (Callboard {})", hello.node.value, hello.peer.text(), hello.version);
}

Status check_hello(const PeerHello& own, const PeerHello& other, const Nodes& nodes) {
  if (other.protocol != own.protocol)
    return Error{ErrorCode::unsupported_version,
                 fmt::format("{} speaks version {} of the protocol between nodes, {} version {}. Run versions "
                             "of Callboard that follow each other on both.",
                             text_of(other), other.protocol, text_of(own), own.protocol)};
  if (other.cluster != own.cluster)
    return wrong_directory(
        "{} belongs to cluster {}, {} to cluster {}. One of them was given the address or "
        "the data directory of another cluster: correct --join, --seeds or --data where it is wrong.",
        text_of(other), other.cluster.hex(), text_of(own), own.cluster.hex());
  if (other.node.value < 0)
    return Error{ErrorCode::invalid_request,
                 fmt::format("A node at {} has no id and wants to be talked to by {}: it has to join first.",
                             other.peer.text(), text_of(own))};
  if (other.node == own.node && other.identity == own.identity)
    return wrong_directory("{} met itself at {}: that address was given as another node's. Correct --peer or "
                           "--seeds.",
                           text_of(own), other.peer.text());
  if (other.node == own.node)
    return wrong_directory("{} and {} say both that they are node {}: a data directory was copied. Stop one of "
                           "them and start it with an empty directory.",
                           text_of(other), text_of(own), own.node.value);
  const auto known = nodes.find(other.node);
  if (known == nodes.end()) return ok_status();
  const auto& record = known->second.record;
  if (record.status == NodeStatus::removed)
    return wrong_directory("{} was removed from the cluster, says {}. Start it with an empty data directory and "
                           "--join to bring it in as a new node.",
                           text_of(other), text_of(own));
  if (record.identity != other.identity)
    return wrong_directory("{} has data directory {}, but {} knows node {} with directory {}: it was wiped or "
                           "mixed up. Start it with its own directory, or with an empty one and --join as a new node.",
                           text_of(other), other.identity.hex(), text_of(own), other.node.value, record.identity.hex());
  return ok_status();
}

} // namespace callboard
