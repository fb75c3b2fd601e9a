#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace callboard::cli {

// What every sub-command understands, before or after its name.
struct CommonOptions {
  std::string bootstrap = "127.0.0.1:9092"; // the node to speak to
  bool json = false;                        // --format json
  std::string tls_ca{};                     // speak TLS to nodes whose certificates it signed
  std::string tls_certificate{};            // one's own, for nodes that ask for one
  std::string tls_key{};
};

// The one sub-command that is not a client of a running node; comes from whoever
// composes the node, so that this library needs none of it.
struct StartCommand {
  std::function<void(CLI::App&)> add_options;
  std::function<int(const CommonOptions&)> run; // the exit status
};

// The whole of `callboard`. Exit status: 0 done, 1 refused or failed, with a sentence on
// standard error that says what to do, 2 not understood.
int run(int argc, const char* const* argv, const StartCommand& start);

} // namespace callboard::cli
