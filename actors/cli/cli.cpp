#include "actors/cli/cli.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <unistd.h>

#include "actors/cli/arguments.h"

namespace callboard::cli {
namespace {

int fail(const Error& error) {
  std::cerr << "callboard: " << printable(error.message) << '\n';
  if (error.code == ErrorCode::network_exception)
    std::cerr << "Start a node with `callboard start`, or name another one with --bootstrap HOST:PORT.\n";
  return 1;
}

int finish(const Status& status) {
  std::cout.flush();
  if (!status) return fail(status.error());
  return std::cout ? 0 : fail({ErrorCode::storage_io, "the output could not be written"});
}

int run_command(const Arguments& arguments) {
  const auto& common = arguments.common;
  Output output{std::cout, common.json, ::isatty(STDOUT_FILENO) == 1};
  if (arguments.local_command) return finish(arguments.local_command(output));
  if (common.tls_ca.empty() && !(common.tls_certificate.empty() && common.tls_key.empty()))
    return fail({ErrorCode::invalid_argument, "a certificate is shown within TLS only: give --tls-ca too"});
  client::ClientOptions options;
  options.tls_ca = common.tls_ca;
  options.tls_certificate = common.tls_certificate;
  options.tls_key = common.tls_key;
  auto client = client::Client::connect(common.bootstrap, options);
  if (!client) return fail(client.error());
  return finish(arguments.command(*client, output));
}

void add_common(CLI::App& app, CommonOptions& common) {
  app.add_option("--bootstrap", common.bootstrap, "The node to speak to")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app.add_option("--tls-ca", common.tls_ca, "Speak TLS, to nodes whose certificates this CA signed")->type_name("FILE");
  app.add_option("--tls-cert", common.tls_certificate, "With it, a certificate for nodes that ask for one")
      ->type_name("FILE");
  app.add_option("--tls-key", common.tls_key, "Its key")->type_name("FILE");
  app.add_option("--format", "text or json")
      ->type_name("FORMAT")
      ->default_str("text")
      ->check(CLI::IsMember({"text", "json"}))
      ->each([&common](const std::string& format) { common.json = format == "json"; });
}

} // namespace

int run(int argc, const char* const* argv, const StartCommand& start) {
  Arguments arguments;
  CLI::App app("Callboard, a message broker made of actors", "callboard");
  app.set_version_flag("--version", "callboard " CALLBOARD_VERSION);
  app.footer("Every command takes --bootstrap HOST:PORT, --format text|json, and --tls-ca FILE for TLS.");
  app.require_subcommand(1);
  app.fallthrough(); // common options are understood behind a sub-command too
  add_common(app, arguments.common);
  auto* starting = app.add_subcommand("start", "Run a node until SIGTERM or Ctrl-C");
  start.add_options(*starting);
  add_topic(app, arguments);
  add_produce(app, arguments);
  add_consume(app, arguments);
  add_group(app, arguments);
  add_cluster(app, arguments);
  add_actors(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  return starting->parsed() ? start.run(arguments.common) : run_command(arguments);
}

} // namespace callboard::cli
