#include "actors/rpc/session.h"

#include <kj/debug.h>

namespace callboard::rpc {

Session::Session(BrokerBackend& backend, const kj::Clock& clock, const RpcLimits& limits, kj::Own<Credits> calls,
                 ReplyGate& gate)
  : backend_(backend), clock_(clock), limits_(limits), calls_(kj::mv(calls)),
    produce_(kj::refcounted<Credits>(limits.produce_bytes)), replies_(kj::refcounted<Credits>(limits.reply_bytes)),
    capabilities_(kj::refcounted<Credits>(limits.capabilities)), gate_(gate), tasks_(*this) {}

TimestampMs Session::now() const {
  return (clock_.now() - kj::UNIX_EPOCH) / kj::MILLISECONDS;
}

kj::Own<Credits::Grant> Session::count_capability() {
  if (capabilities_->left() == 0)
    kj::throwFatalException(KJ_EXCEPTION(OVERLOADED, "this connection holds too many capabilities; drop some first"));
  return capabilities_->spend(1);
}

void Session::taskFailed(kj::Exception&& exception) {
  KJ_LOG(ERROR, "a background task of an RPC session failed", exception);
}

} // namespace callboard::rpc
