#pragma once

#include <string>
#include <vector>

#include "schema/result.h"

// What `callboard cluster init-tls` makes: a CA of one's own, certificates that it signs, and
// a secret, as files in one folder. Nothing that is there already is written again, so a
// node can be added later.
//
//   ca.crt  ca.key  secret  NAME.crt  NAME.key        keys and the secret: mode 600
namespace callboard::tls {

struct AuthorityOptions {
  std::string folder;
  // The hosts of a node, by which others reach it: names and addresses. The first one names
  // its files.
  std::vector<std::vector<std::string>> nodes{};
  std::vector<std::string> clients{}; // certificates that are no node's, for mutual TLS
  int days = 1825;                    // that certificates hold; the CA holds twice as long
};

// The files that it made. Each node's certificate is also for localhost, so that commands on
// its own machine reach it. Errors: invalid_argument (a host that is none), storage_io.
Result<std::vector<std::string>> make_certificates(const AuthorityOptions& options);

} // namespace callboard::tls
