#pragma once

#include <optional>
#include <string>
#include <vector>

namespace callboard {

// `callboard start` as given on the command line; what is set goes over the
// configuration file.
struct StartOptions {
  std::string config_file; // empty: the defaults
  std::optional<std::string> data;
  std::vector<std::string> listen;
  std::optional<std::string> advertise;
  bool insecure = false;
  bool json = false; // one line {"event":"ready",...} instead of a sentence
};

// Runs a node until SIGTERM or SIGINT. Returns the exit status: 0 after an orderly
// stop, 1 if it could not start; why stands on standard error.
int run_node(const StartOptions& options);

} // namespace callboard
