#pragma once

#include <optional>

#include "actors/tls/proof.h"

namespace callboard::tls {

// What is known of the other end of a connection from below its protocol. By default: it
// came without TLS.
struct Channel {
  bool encrypted = false;
  bool certified = false;        // showed a certificate that this side's CA signed
  bool server_certified = false; // one that servers may show: a node's, not a mere client's
  // Alike at both ends of one TLS session and nowhere else (RFC 5705, RFC 9266); there is
  // none before TLS 1.3.
  std::optional<Binding> binding{};
};

} // namespace callboard::tls
