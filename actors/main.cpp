#include <CLI/CLI.hpp>

#include <string_view>

#include "actors/cli/cli.h"
#include "actors/node/start.h"
#include "storage/segment_check.h"

namespace {

void add_start_options(CLI::App& start, callboard::StartOptions& options) {
  start.add_option("--data", options.data, "Directory of this node's data; made if it is not there")->type_name("DIR");
  start.add_option("--listen", options.listen, "Where clients connect, any protocol; port 0: the kernel chooses")
      ->type_name("HOST:PORT");
  start.add_option("--advertise", options.advertise, "What clients are told to connect to, if not what they reached")
      ->type_name("HOST:PORT");
  auto* join =
      start.add_option("--join", options.join, "Join the cluster of these nodes; tried again until one answers")
          ->type_name("HOST:PORT,...")
          ->delimiter(',');
  start
      .add_option("--seeds", options.seeds,
                  "Found a cluster with these nodes, this one among them; the same list on each of them. Later starts "
                  "just join")
      ->type_name("HOST:PORT,...")
      ->delimiter(',')
      ->excludes(join);
  start
      .add_option("--discover", options.discover,
                  "Find the others on the local network, all that start with this name, and found a cluster with them")
      ->type_name("NAME")
      ->excludes(join);
  start.add_option("--expect", options.expect, "So many nodes there are to discover, this one among them")
      ->type_name("N")
      ->check(CLI::Range(2, 64));
  start
      .add_option("--secret", options.secret_file,
                  "File with the cluster's secret, the same on all nodes: who does not know it is no node")
      ->type_name("FILE");
  start.add_option("--tls-cert", options.tls_certificate, "This node's certificate in PEM: TLS on the same port")
      ->type_name("FILE");
  start.add_option("--tls-key", options.tls_key, "Its key")->type_name("FILE");
  start.add_option("--tls-ca", options.tls_ca, "Who signs the certificates of other nodes and of clients")
      ->type_name("FILE");
  start
      .add_option("--tls-client-auth", options.tls_client_auth, "Whether clients need a certificate: none or required")
      ->type_name("WHICH")
      ->check(CLI::IsMember({"none", "required"}));
  start.add_option("--config", options.config_file, "Configuration in TOML, see conf/callboard.toml")
      ->type_name("FILE");
  start.add_flag("--force-stop", options.force_stop,
                 "Stop at the first signal even while only this node has a current copy of a partition");
  start.add_flag("--insecure", options.insecure,
                 "Allow to listen beyond loopback, where anybody may read and write everything");
}

} // namespace

int main(int argc, char** argv) {
  // For whoever examines a stopped node's files; needs no node and no options.
  if (argc == 3 && std::string_view(argv[1]) == "verify-segment")
    return callboard::storage::verify_segment_main(argv[2]);

  callboard::StartOptions options;
  callboard::cli::StartCommand start;
  start.add_options = [&](CLI::App& app) { add_start_options(app, options); };
  start.run = [&](const callboard::cli::CommonOptions& common) {
    options.json = common.json;
    return callboard::run_node(options);
  };
  return callboard::cli::run(argc, argv, start);
}
