#include "actors/rpc/broker_connection.h"

#include "actors/rpc/broker_service.h"
#include "actors/rpc/coalescing_stream.h"

namespace callboard::rpc {
namespace {

capnp::ReaderOptions reader_options() {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = message_bytes_max / sizeof(capnp::word);
  options.nestingLimit = 32; // ours nest less than ten deep
  return options;
}

} // namespace

BrokerConnection::BrokerConnection(kj::Own<kj::AsyncIoStream> stream, BrokerBackend& backend, const RpcLimits& limits,
                                   const kj::Clock& clock)
  : guard_(kj::heap<CoalescingStream>(kj::mv(stream)), message_bytes_max),
    calls_(kj::refcounted<Credits>(limits.calls)),
    gate_(kj::Own<kj::AsyncIoStream>(&guard_, kj::NullDisposer::instance), kj::addRef(*calls_), limits.input_bytes),
    network_(gate_, capnp::rpc::twoparty::Side::SERVER, reader_options()),
    system_(capnp::makeRpcServer(network_, capnp::Capability::Client(kj::heap<BrokerService>(kj::refcounted<Session>(
                                               backend, clock, limits, kj::addRef(*calls_), gate_))))) {
  system_.setFlowLimit(limits.call_bytes / sizeof(capnp::word));
}

// A refused client gets Cap'n Proto's last message, with the reason, if it has room for it.
kj::Promise<void> BrokerConnection::closed() {
  return network_.onDisconnect().exclusiveJoin(guard_.refused().then([] { return kj::evalLast([] {}); }));
}

} // namespace callboard::rpc
