#include "actors/peer/door_proof.h"

#include <fmt/format.h>

#include "actors/peer/hello_check.h"

namespace callboard {

tls::Nonce DoorProof::challenge() {
  nonce_ = tls::fresh_nonce();
  return *nonce_;
}

Status DoorProof::refuse(const PeerHello& own, const std::string& why) const {
  return Error{ErrorCode::cluster_authorization_failed,
               fmt::format("{} refuses the node at {}: {}", text_of(own), from_, why)};
}

Result<tls::Proof> DoorProof::prove(const PeerHello& own, const tls::Nonce& nonce, const tls::Proof& shown) {
  if (!security_->secret)
    return refuse(own, "that one has a secret for its cluster, this one has none. Start both with the same --secret "
                       "FILE, or both without.")
        .error();
  const auto asked = std::exchange(nonce_, std::nullopt);
  if (!asked || failed_) return refuse(own, "it has to connect anew to prove the secret.").error();
  const auto expected = tls::prove(*security_->secret, tls::Side::dialler, nonce, *asked, channel_.binding);
  failed_ = !tls::same(expected, shown);
  if (failed_)
    return refuse(own, "it does not know the secret of this one's cluster. Give both the same file with --secret; if "
                       "they have it, somebody stands between them.")
        .error();
  proven_ = true;
  return tls::prove(*security_->secret, tls::Side::door, nonce, *asked, channel_.binding);
}

Status DoorProof::admitted(const PeerHello& own) const {
  if (security_->server != nullptr && !channel_.encrypted)
    return refuse(own, "that one came without TLS, this one speaks TLS with other nodes. Start it with --tls-cert, "
                       "--tls-key and --tls-ca, as this one.");
  if (security_->certificate_proves && !channel_.server_certified)
    return refuse(own, "what it shows is a client's certificate. Start it with one that `callboard cluster init-tls "
                       "--node` made, or that may be shown by servers too.");
  if (security_->secret && !proven_)
    return refuse(own, "it came without the secret of this one's cluster. Start it with the same file: --secret FILE.");
  return ok_status();
}

} // namespace callboard
