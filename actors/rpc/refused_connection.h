#pragma once

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include <string>

#include "actors/rpc/framing_guard.h"

namespace callboard::rpc {

// A client of the Cap'n Proto door that is not served: whatever it calls fails with the same
// sentence, so that its user knows what to do. Belongs to the KJ loop that made it.
class RefusedConnection {
public:
  RefusedConnection(kj::Own<kj::AsyncIoStream> stream, std::string sentence);
  KJ_DISALLOW_COPY(RefusedConnection);

  // Resolves when the client is gone. Call it once; the caller bounds how long that may take.
  kj::Promise<void> closed();

private:
  FramingGuard guard_;
  capnp::TwoPartyVatNetwork network_;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> system_;
};

} // namespace callboard::rpc
