#pragma once

#include <kj/async.h>

#include "actors/node/security.h"
#include "actors/runtime/host.h"
#include "schema/peer_message.h"
#include "schema/result.h"

// What a node without a cluster asks of an address, over a connection for just that. KJ
// only; on the loop's own thread. A promise that rejects says why the address is of no use.
namespace callboard::net {

// Whom to ask, and how: `host` is whom its certificate must be for.
struct FormingDoor {
  KjLoop& loop;
  std::shared_ptr<const Security> security;
  HostPort address;
  std::string host;
};
kj::Promise<ProbeAnswer> probe(const FormingDoor& door, const Probe& question);
// An error: the cluster's sentence.
kj::Promise<Result<JoinAnswer>> join(const FormingDoor& door, const JoinRequest& request);

} // namespace callboard::net
