#pragma once

#include <kj/async.h>

#include "actors/runtime/host.h"
#include "schema/peer_message.h"
#include "schema/result.h"

// What a node without a cluster asks of an address, over a connection for just that. KJ
// only; on the loop's own thread. A promise that rejects says why the address is of no use.
namespace callboard::net {

kj::Promise<ProbeAnswer> probe(KjLoop& loop, const HostPort& address, const Probe& question);
// An error: the cluster's sentence.
kj::Promise<Result<JoinAnswer>> join(KjLoop& loop, const HostPort& address, const JoinRequest& request);

} // namespace callboard::net
