#pragma once

#include <cstdint>
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
  std::vector<std::string> join;
  std::vector<std::string> seeds;
  std::optional<std::string> discover;
  std::optional<std::int32_t> expect;
  std::optional<std::string> secret_file;
  std::optional<std::string> tls_certificate;
  std::optional<std::string> tls_key;
  std::optional<std::string> tls_ca;
  std::optional<std::string> tls_client_auth;
  bool insecure = false;
  bool force_stop = false; // the first signal stops as the second one does
  bool json = false;       // one line {"event":"ready",...} instead of a sentence
};

// Runs a node until SIGTERM or SIGINT: it hands over what it leads, for at most 3 s, and
// stops. As long as only it has a current copy of a partition and another node is catching
// up, it says so and waits; a second signal stops it all the same. Returns the exit status: 0 after an orderly
// stop, 1 if it could not start; why stands on standard error.
int run_node(const StartOptions& options);

} // namespace callboard
