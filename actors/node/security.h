#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/node/config.h"
#include "actors/tls/context.h"
#include "actors/tls/proof.h"

namespace callboard {

// Who may come in through this node's doors, and how it shows itself to others. Loaded at
// the start, does not change; used by all threads.
struct Security {
  std::shared_ptr<const tls::Context> server; // null: no TLS
  std::shared_ptr<const tls::Context> client; // to other nodes; as `server`
  std::optional<tls::Secret> secret;
  bool certificate_proves = false; // whoever comes must show one that the CA signed
  bool plaintext = true;           // clients may come without TLS

  // Errors (invalid_argument) name the file and what is wrong with it, never what it holds.
  // `advice`: what whoever runs the node should hear, as sentences.
  static Result<std::shared_ptr<const Security>> load(const NodeConfig& config, std::vector<std::string>& advice);
};

} // namespace callboard
