#pragma once

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <kj/time.h>

#include "actors/rpc/framing_guard.h"
#include "actors/rpc/session.h"

namespace callboard::rpc {

// One client of the Cap'n Proto door, from the bytes up:
//
//   socket <-> CoalescingStream <-> FramingGuard <-> ReplyGate <-> RPC system <-> BrokerService <-> backend
//
// Belongs to the KJ loop that made it; whoever owns it keeps it until closed()
// resolves, and drops it to end the connection (calls under way are cancelled).
class BrokerConnection {
public:
  // `backend` and `clock` outlive this.
  BrokerConnection(kj::Own<kj::AsyncIoStream> stream, BrokerBackend& backend, const RpcLimits& limits = {},
                   const kj::Clock& clock = kj::systemCoarseCalendarClock());
  KJ_DISALLOW_COPY(BrokerConnection);

  // Resolves when the client is gone or was refused, also if it no longer reads. Call it
  // once.
  kj::Promise<void> closed();

private:
  FramingGuard guard_;
  kj::Own<Credits> calls_;
  ReplyGate gate_;
  capnp::TwoPartyVatNetwork network_;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> system_;
};

} // namespace callboard::rpc
