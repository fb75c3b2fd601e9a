#pragma once

#include <memory>
#include <optional>
#include <string>

#include "actors/node/security.h"
#include "actors/tls/channel.h"
#include "schema/peer_message.h"
#include "schema/result.h"

namespace callboard {

// Whether whoever opened a connection may speak as a node over it. Decides for one
// connection; the proof itself is told in actors/tls/proof.h.
class DoorProof {
public:
  // `from`: where the other end is, for the sentences.
  DoorProof(std::shared_ptr<const Security> security, tls::Channel channel, std::string from)
    : security_(std::move(security)), channel_(channel), from_(std::move(from)) {}

  // A number to prove the secret with, another one each time.
  tls::Nonce challenge();
  // The door's own proof, if what was shown is right. One wrong try is all a connection has.
  Result<tls::Proof> prove(const PeerHello& own, const tls::Nonce& nonce, const tls::Proof& shown);
  // Whether it may ask this node for anything. Error: a sentence that names both sides and
  // says what is missing.
  Status admitted(const PeerHello& own) const;

private:
  Status refuse(const PeerHello& own, const std::string& why) const;

  std::shared_ptr<const Security> security_;
  tls::Channel channel_;
  std::string from_;
  std::optional<tls::Nonce> nonce_;
  bool proven_ = false;
  bool failed_ = false;
};

} // namespace callboard
