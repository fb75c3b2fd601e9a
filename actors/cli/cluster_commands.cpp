#include "actors/cli/cluster_commands.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <thread>

namespace callboard::cli {
namespace {

std::string json_of_node_id(NodeId node) {
  return std::to_string(node.value);
}

std::string_view name_of(NodeStatus status) {
  switch (status) {
  case NodeStatus::active: return "active";
  case NodeStatus::draining: return "draining";
  case NodeStatus::removed: return "removed";
  }
  return "unknown";
}

std::string json_of_node(const NodeSummary& node) {
  return JsonObject()
      .add("node", std::to_string(node.node.id.value))
      .add("up", node.up ? "true" : "false")
      .add("status", json_text(name_of(node.node.status)))
      .add("client_address", json_text(node.node.client.text()))
      .add("peer_address", json_text(node.node.peer.text()))
      .add("rack", json_text(node.node.rack))
      .add("version", json_text(node.node.version))
      .add("leads", std::to_string(node.leads))
      .add("replicas", std::to_string(node.replicas))
      .text();
}

std::string json_of_operation(const ClusterOperation& operation) {
  return JsonObject()
      .add("operation", json_text(operation.what))
      .add("node", json_number(operation.node.value))
      .add("done", std::to_string(operation.done))
      .add("total", std::to_string(operation.total))
      .add("left_ms", json_number(operation.left_ms))
      .add("waiting", json_text(operation.waiting))
      .text();
}

std::string json_of(const ClusterStatus& status) {
  return JsonObject()
      .add("cluster", status.cluster.is_zero() ? "null" : json_text(status.cluster.hex()))
      .add("controller", json_number(status.controller.value))
      .add("told_by", json_number(status.told_by.value))
      .add("waiting", json_text(status.waiting))
      .add("nodes", json_list(status.nodes, json_of_node))
      .add("metadata_voters", json_list(status.metadata_voters, json_of_node_id))
      .add("metadata_learners", json_list(status.metadata_learners, json_of_node_id))
      .add("topics", std::to_string(status.topics))
      .add("partitions", std::to_string(status.partitions))
      .add("leaderless_partitions", std::to_string(status.leaderless))
      .add("under_replicated_partitions", std::to_string(status.under_replicated))
      .add("operations", json_list(status.operations, json_of_operation))
      .add("troubles", json_list(status.troubles, [](const std::string& trouble) { return json_text(trouble); }))
      .text();
}

std::string title_of(const ClusterOperation& operation) {
  const auto node = "node " + std::to_string(operation.node.value);
  if (operation.what == "drain") return "draining " + node;
  if (operation.what == "replace") return "replacing the replicas of " + node + ", which is gone";
  if (operation.what == "rebalance") return "rebalancing";
  if (operation.what == "factor") return "bringing topics to the default replication factor";
  if (operation.what == "move") return "moving partitions as asked";
  return printable(operation.what);
}

// "draining node 3: 10 of 30 replicas moved, about 20 s left".
std::string line_of(const ClusterOperation& operation) {
  const bool replicas = operation.what == "drain" || operation.what == "replace";
  const bool drained = operation.what == "drain" && operation.done == operation.total && operation.waiting.empty();
  std::vector<std::string> parts;
  // A controller that took over meanwhile knows only of what is left.
  if (operation.total > 0)
    parts.push_back(std::to_string(operation.done) + " of " +
                    plural(operation.total, replicas ? "replica" : "partition") + " done");
  if (operation.left_ms >= 0 && !drained && !parts.empty())
    parts.back() += ", about " + about(operation.left_ms) + " left";
  if (drained)
    parts.push_back("nothing is left on it, `callboard cluster remove " + std::to_string(operation.node.value) +
                    "` takes it out");
  if (!operation.waiting.empty()) parts.push_back("waits: " + printable(operation.waiting));
  auto line = title_of(operation);
  for (std::size_t i = 0; i < parts.size(); ++i) line += (i == 0 ? ": " : "; ") + parts[i];
  return line;
}

void print_nodes(std::ostream& stream, const ClusterStatus& status) {
  Table table({"NODE", "UP", "STATUS", "CLIENTS", "NODES", "RACK", "VERSION", "LEADS", "REPLICAS", "ROLE"});
  const auto contains = [](const std::vector<NodeId>& nodes, NodeId node) {
    return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
  };
  for (const auto& [node, up, leads, replicas] : status.nodes)
    table.add({std::to_string(node.id.value), up ? "yes" : "no", std::string(name_of(node.status)), node.client.text(),
               node.peer.text(), node.rack.empty() ? "-" : node.rack, node.version, std::to_string(leads),
               std::to_string(replicas),
               node.id == status.controller                ? "controller"
               : contains(status.metadata_voters, node.id) ? "voter"
                                                           : "learner"});
  table.print(stream);
}

void print(std::ostream& stream, const ClusterStatus& status) {
  if (!status.waiting.empty()) stream << printable(status.waiting) << '\n';
  for (const auto& trouble : status.troubles) stream << "! " << printable(trouble) << '\n';
  if (status.cluster.is_zero()) return;
  stream << "cluster " << status.cluster.hex() << ": " << plural(status.nodes.size(), "node") << ", controller "
         << (status.controller == no_node ? "unknown" : "node " + std::to_string(status.controller.value)) << '\n';
  stream << plural(status.topics, "topic") << ", " << plural(status.partitions, "partition") << ": "
         << (status.leaderless == 0 ? "all led" : std::to_string(status.leaderless) + " without a leader") << ", "
         << (status.under_replicated == 0 ? "all in sync"
                                          : std::to_string(status.under_replicated) + " with a replica out of sync")
         << "\n\n";
  print_nodes(stream, status);
  if (!status.operations.empty()) stream << '\n';
  for (const auto& operation : status.operations) stream << line_of(operation) << '\n';
}

std::optional<ClusterOperation> find_operation(const ClusterStatus& status, const std::string& what, NodeId node) {
  const auto found = std::find_if(status.operations.begin(), status.operations.end(),
                                  [&](const auto& o) { return o.what == what && o.node == node; });
  if (found == status.operations.end()) return std::nullopt;
  return *found;
}

// A drain stays listed until the node is removed, the others until they are done.
bool is_over(const std::optional<ClusterOperation>& operation) {
  if (!operation) return true;
  return operation->what == "drain" && operation->done == operation->total && operation->waiting.empty();
}

// Until it is over, a line each time that there is news. The node that is asked may go away
// meanwhile: the others are asked for a while before that is an error.
Result<std::optional<ClusterOperation>> await_operation(client::Client& client, Output& output, const std::string& what,
                                                        NodeId node) {
  using namespace std::chrono_literals;
  constexpr auto look_interval = 250ms;
  constexpr int failures_max = 120;
  std::string told;
  for (int failures = 0;;) {
    const auto status = client.cluster_status();
    if (!status && ++failures == failures_max) return status.error();
    if (status) {
      failures = 0;
      const auto operation = find_operation(*status, what, node);
      if (is_over(operation)) return operation;
      if (const auto line = line_of(*operation); !output.json && line != told) {
        output.stream << line << std::endl;
        told = line;
      }
    }
    std::this_thread::sleep_for(look_interval);
  }
}

// After a command: how far what it set in motion is, as far as the controller knows by now,
// or all the way to its end.
Status print_progress(client::Client& client, Output& output, const ClusterOperation& began, const std::string& said,
                      bool wait) {
  if (!output.json) output.stream << said << std::endl;
  std::optional<ClusterOperation> operation;
  if (wait) {
    auto awaited = await_operation(client, output, began.what, began.node);
    if (!awaited) return awaited.error();
    operation = std::move(*awaited);
  } else {
    const auto status = client.cluster_status();
    if (!status) return status.error();
    operation = find_operation(*status, began.what, began.node);
  }
  if (output.json) {
    output.stream << json_of_operation(operation.value_or(began)) << '\n';
    return ok_status();
  }
  if (operation) output.stream << line_of(*operation) << '\n';
  output.stream << (wait ? "it is done\n" : "see how far it is with `callboard cluster status`, or give --wait\n");
  return ok_status();
}

Status say(Output& output, const std::string& key, const std::string& value, const std::string& sentence) {
  if (output.json)
    output.stream << JsonObject().add(key, value).text() << '\n';
  else
    output.stream << sentence << '\n';
  return ok_status();
}

std::string json_of_outcome(const PartitionOutcome& outcome) {
  return JsonObject()
      .add("topic", json_text(outcome.topic))
      .add("partition", std::to_string(outcome.partition))
      .add("error", outcome.error == ErrorCode::none ? "null" : json_text(outcome.message))
      .text();
}

// Fails if one of them did, after all were told.
Status print_outcomes(Output& output, const std::vector<PartitionOutcome>& outcomes, const std::string& done) {
  const auto failed = std::find_if(outcomes.begin(), outcomes.end(),
                                   [](const auto& outcome) { return outcome.error != ErrorCode::none; });
  if (output.json) {
    output.stream << JsonObject().add("partitions", json_list(outcomes, json_of_outcome)).text() << '\n';
  } else {
    Table table({"TOPIC", "PARTITION", "OUTCOME"});
    for (const auto& outcome : outcomes)
      table.add({outcome.topic, std::to_string(outcome.partition),
                 outcome.error == ErrorCode::none ? done : outcome.message});
    table.print(output.stream);
  }
  if (failed == outcomes.end()) return ok_status();
  return Error{failed->error, "partition " + std::to_string(failed->partition) + " of topic " + failed->topic + ": " +
                                  failed->message};
}

} // namespace

Status show_cluster(client::Client& client, Output& output) {
  const auto status = client.cluster_status();
  if (!status) return status.error();
  if (output.json)
    output.stream << json_of(*status) << '\n';
  else
    print(output.stream, *status);
  return ok_status();
}

Status list_nodes(client::Client& client, Output& output) {
  const auto status = client.cluster_status();
  if (!status) return status.error();
  if (output.json)
    output.stream << json_list(status->nodes, json_of_node) << '\n';
  else if (status->nodes.empty())
    output.stream << printable(status->waiting) << '\n';
  else
    print_nodes(output.stream, *status);
  return ok_status();
}

Status init_tls(Output& output, const tls::AuthorityOptions& options) {
  const auto made = tls::make_certificates(options);
  if (!made) return made.error();
  if (output.json) {
    output.stream << JsonObject().add("made", json_list(*made, [](const auto& path) { return json_text(path); })).text()
                  << '\n';
    return ok_status();
  }
  for (const auto& path : *made) output.stream << path << '\n';
  if (made->empty()) output.stream << "all of it was there already\n";
  const auto& folder = options.folder;
  output.stream << "\nEach node gets its own .crt and .key, ca.crt and the secret, and starts with\n  --tls-cert "
                << folder << "/NODE.crt --tls-key " << folder << "/NODE.key --tls-ca " << folder << "/ca.crt --secret "
                << folder << "/secret\nKeep ca.key where no node is: who has it makes nodes.\n";
  return ok_status();
}

Status drain_node(client::Client& client, Output& output, NodeId node, bool cancel, bool wait) {
  if (auto drained = client.drain_node(node, cancel); !drained) return drained;
  const auto number = std::to_string(node.value);
  if (cancel)
    return say(output, "drain_cancelled", number,
               "node " + number + " may hold replicas again; what has left it stays where it went");
  return print_progress(client, output, {"drain", node, 0, 0, "", -1},
                        "node " + number + " drains: its replicas move to other nodes", wait);
}

Status remove_node(client::Client& client, Output& output, NodeId node) {
  if (auto removed = client.remove_node(node); !removed) return removed;
  const auto number = std::to_string(node.value);
  return say(output, "removed", number, "removed node " + number + " from the cluster; its id is never used again");
}

Status rebalance(client::Client& client, Output& output, bool cancel, bool wait) {
  if (auto asked = client.rebalance(cancel); !asked) return asked;
  if (cancel)
    return say(output, "rebalance_cancelled", "true", "the rebalance ends; what is on the move arrives where it goes");
  return print_progress(client, output, {"rebalance", no_node, 0, 0, "", -1},
                        "the cluster evens out its replicas and leaders", wait);
}

Status move_topic(client::Client& client, Output& output, const MoveOptions& options) {
  auto moves = options.moves;
  if (options.cancel) {
    if (moves.empty()) {
      const auto topic = client.describe_topic(options.topic);
      if (!topic) return topic.error();
      for (std::uint32_t id = 0; id < topic->partitions; ++id)
        moves.push_back({static_cast<std::int32_t>(id), std::nullopt});
    }
    for (auto& move : moves) move.replicas.reset();
  }
  auto outcomes = client.move_topic(options.topic, moves);
  if (!outcomes) return outcomes.error();
  // Who cancels all moves means those that there are.
  if (options.cancel && options.moves.empty())
    std::erase_if(*outcomes, [](const auto& o) { return o.error == ErrorCode::no_reassignment_in_progress; });
  if (outcomes->empty()) {
    if (output.json) return print_outcomes(output, *outcomes, {});
    output.stream << "no partition of topic " << printable(options.topic) << " is being moved\n";
    return ok_status();
  }
  return print_outcomes(output, *outcomes, options.cancel ? "stays where it is" : "moves");
}

Status elect_leaders(client::Client& client, Output& output, const std::string& topic) {
  std::vector<PartitionSelection> selected;
  if (!topic.empty()) {
    const auto described = client.describe_topic(topic);
    if (!described) return described.error();
    auto& selection = selected.emplace_back();
    selection.topic = topic;
    for (std::uint32_t id = 0; id < described->partitions; ++id)
      selection.partitions.push_back(static_cast<std::int32_t>(id));
  }
  auto outcomes = client.elect_leaders(selected);
  if (!outcomes) return outcomes.error();
  std::erase_if(*outcomes, [](const auto& o) { return o.error == ErrorCode::election_not_needed; });
  if (outcomes->empty() && !output.json) {
    output.stream << "every partition is led by its preferred leader\n";
    return ok_status();
  }
  return print_outcomes(output, *outcomes, "its preferred leader leads");
}

Result<client::PartitionMove> parse_move(const std::string& text) {
  const Error wrong{ErrorCode::invalid_argument,
                    "\"" + text + "\" is no move; write PARTITION=NODE,NODE,..., as 0=1,2,3"};
  std::vector<std::int32_t> numbers;
  const auto* at = text.data();
  const auto* const end = at + text.size();
  for (;;) {
    std::int32_t number = 0;
    const auto [stop, failed] = std::from_chars(at, end, number);
    if (failed != std::errc{} || number < 0) return wrong;
    numbers.push_back(number);
    if (stop == end) break;
    if (*stop != (numbers.size() == 1 ? '=' : ',')) return wrong;
    at = stop + 1;
  }
  if (numbers.size() < 2) return wrong;
  client::PartitionMove move;
  move.partition = numbers.front();
  auto& replicas = move.replicas.emplace();
  for (std::size_t i = 1; i < numbers.size(); ++i) replicas.emplace_back(numbers[i]);
  return move;
}

} // namespace callboard::cli
