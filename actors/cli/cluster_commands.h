#pragma once

#include "actors/cli/output.h"
#include "actors/client/client.h"
#include "actors/tls/authority.h"

// `callboard cluster` and `callboard topic move`: the nodes, what the cluster is busy with,
// and what an operator asks of it.
namespace callboard::cli {

Status show_cluster(client::Client& client, Output& output);
Status list_nodes(client::Client& client, Output& output);
Status drain_node(client::Client& client, Output& output, NodeId node, bool cancel, bool wait);
Status remove_node(client::Client& client, Output& output, NodeId node);
Status rebalance(client::Client& client, Output& output, bool cancel, bool wait);

// Makes certificates; needs no node.
Status init_tls(Output& output, const tls::AuthorityOptions& options);

struct MoveOptions {
  std::string topic;
  std::vector<client::PartitionMove> moves; // of none: cancel every move of the topic
  bool cancel = false;
};
Status move_topic(client::Client& client, Output& output, const MoveOptions& options);
// Preferred leaders lead again, of one topic or of all ("").
Status elect_leaders(client::Client& client, Output& output, const std::string& topic);

// "P=1,2,3": a partition and the nodes that it moves to. Error: invalid_argument.
Result<client::PartitionMove> parse_move(const std::string& text);

} // namespace callboard::cli
