#include <CLI/CLI.hpp>
#include <memory>

#include "actors/cli/arguments.h"
#include "actors/cli/cluster_commands.h"

namespace callboard::cli {
namespace {

struct NodeOptions {
  std::int32_t node = 0;
  bool cancel = false;
  bool wait = false;
};

constexpr auto wait_help = "Return when it is done, and say how far it is meanwhile";

void add_drain(CLI::App& cluster, Arguments& arguments) {
  auto options = std::make_shared<NodeOptions>();
  auto* drain = cluster.add_subcommand("drain", "Move a node's replicas and votes to other nodes");
  drain->add_option("NODE", options->node, "Its number, as `cluster nodes` shows it")
      ->required()
      ->check(CLI::PositiveNumber);
  auto* cancel = drain->add_flag("--cancel", options->cancel, "The node may hold replicas again");
  drain->add_flag("--wait", options->wait, wait_help)->excludes(cancel);
  drain->callback([&arguments, options] {
    arguments.command = [options](auto& client, auto& output) {
      return drain_node(client, output, NodeId(options->node), options->cancel, options->wait);
    };
  });
}

void add_remove(CLI::App& cluster, Arguments& arguments) {
  auto options = std::make_shared<NodeOptions>();
  auto* remove = cluster.add_subcommand("remove", "Take a drained node out of the cluster, for good");
  remove->add_option("NODE", options->node, "Its number, as `cluster nodes` shows it")
      ->required()
      ->check(CLI::PositiveNumber);
  remove->callback([&arguments, options] {
    arguments.command = [options](auto& client, auto& output) {
      return remove_node(client, output, NodeId(options->node));
    };
  });
}

void add_rebalance(CLI::App& cluster, Arguments& arguments) {
  auto options = std::make_shared<NodeOptions>();
  auto* rebalancing = cluster.add_subcommand("rebalance", "Even out replicas and leaders over the nodes that are up");
  auto* cancel = rebalancing->add_flag("--cancel", options->cancel, "End it; what is on the move arrives");
  rebalancing->add_flag("--wait", options->wait, wait_help)->excludes(cancel);
  rebalancing->callback([&arguments, options] {
    arguments.command = [options](auto& client, auto& output) {
      return rebalance(client, output, options->cancel, options->wait);
    };
  });
}

void add_init_tls(CLI::App& cluster, Arguments& arguments) {
  auto options = std::make_shared<tls::AuthorityOptions>();
  auto nodes = std::make_shared<std::vector<std::string>>();
  auto* init = cluster.add_subcommand(
      "init-tls", "Make a CA, certificates and a secret for the cluster's nodes; what is there already stays");
  init->add_option("DIR", options->folder, "Where to; made if it is not there")->required();
  init->add_option("--node", *nodes, "How others reach a node: names and addresses, separated by commas; repeated")
      ->type_name("HOST[,HOST]...")
      ->take_all();
  init->add_option("--client", options->clients, "For mutual TLS, a certificate that makes nobody a node; repeated")
      ->type_name("NAME")
      ->take_all();
  init->add_option("--days", options->days, "How long the certificates hold")
      ->check(CLI::Range(1, 36500))
      ->capture_default_str();
  init->callback([&arguments, options, nodes] {
    for (const auto& node : *nodes) options->nodes.push_back(CLI::detail::split(node, ','));
    if (options->nodes.empty() && options->clients.empty())
      throw CLI::ValidationError("give each node with --node HOST, and clients with --client NAME");
    arguments.local_command = [options](auto& output) { return init_tls(output, *options); };
  });
}

std::string check_move(const std::string& text) {
  // With --cancel the partition alone will do.
  if (!text.empty() && text.find_first_not_of("0123456789") == text.npos) return {};
  const auto move = parse_move(text);
  return move ? std::string{} : move.error().message;
}

void read_moves(MoveOptions& options, const std::vector<std::string>& texts) {
  for (const auto& text : texts) {
    const bool alone = text.find('=') == text.npos;
    const auto move = parse_move(alone ? text + "=0" : text);
    if (!move) throw CLI::ValidationError(move.error().message);
    if (alone && !options.cancel)
      throw CLI::ValidationError("\"" + text + "\" says no nodes; write " + text + "=1,2,3");
    options.moves.push_back(*move);
  }
  if (options.moves.empty() && !options.cancel)
    throw CLI::ValidationError("there is nothing to move; give --partition PARTITION=NODE,NODE,...");
}

void add_move(CLI::App& topic, Arguments& arguments) {
  auto options = std::make_shared<MoveOptions>();
  auto texts = std::make_shared<std::vector<std::string>>();
  auto* move = topic.add_subcommand("move", "Move partitions to other nodes, the preferred leader first");
  move->add_option("TOPIC", options->topic)->required();
  move->add_option("--partition", *texts, "As 0=1,2,3; may be repeated; with --cancel only the partition")
      ->type_name("PARTITION=NODES")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(check_move);
  move->add_flag("--cancel", options->cancel, "Back to the replicas they have now: these partitions, or all");
  move->callback([&arguments, options, texts] {
    read_moves(*options, *texts);
    arguments.command = [options](auto& client, auto& output) { return move_topic(client, output, *options); };
  });
}

} // namespace

void add_cluster(CLI::App& app, Arguments& arguments) {
  auto* cluster = app.add_subcommand("cluster", "See the nodes of the cluster, drain, remove and rebalance them");
  cluster->require_subcommand(1);
  cluster->add_subcommand("status", "How the cluster is, what it is busy with, and what it waits for")
      ->callback([&arguments] { arguments.command = show_cluster; });
  cluster->add_subcommand("nodes", "List the nodes")->callback([&arguments] { arguments.command = list_nodes; });
  add_init_tls(*cluster, arguments);
  add_drain(*cluster, arguments);
  add_remove(*cluster, arguments);
  add_rebalance(*cluster, arguments);
}

void add_topic_moves(CLI::App& topic, Arguments& arguments) {
  add_move(topic, arguments);
  auto name = std::make_shared<std::string>();
  auto* elect = topic.add_subcommand("elect", "Have the preferred leaders lead, of one topic or of all");
  elect->add_option("TOPIC", *name);
  elect->callback([&arguments, name] {
    arguments.command = [name](auto& client, auto& output) { return elect_leaders(client, output, *name); };
  });
}

} // namespace callboard::cli
