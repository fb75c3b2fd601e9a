#include <CLI/CLI.hpp>

#include "actors/node/start.h"

int main(int argc, char** argv) {
  CLI::App app;
  callboard::StartOptions options;
  std::string data, advertise, format = "text";
  auto* start = app.add_subcommand("start");
  start->add_option("--data", data);
  start->add_option("--listen", options.listen);
  start->add_option("--format", format);
  start->add_option("--config", options.config_file);
  CLI11_PARSE(app, argc, argv);
  if (!data.empty()) options.data = data;
  options.json = format == "json";
  return callboard::run_node(options);
}
