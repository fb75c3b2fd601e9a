#include "actors/rpc/refused_connection.h"

namespace callboard::rpc {
namespace {

constexpr std::size_t refused_message_bytes_max = 64 << 10;
constexpr std::size_t call_bytes_max = 64 << 10;

class Refuser final : public capnp::Capability::Server {
public:
  explicit Refuser(std::string sentence) : sentence_(std::move(sentence)) {}
  DispatchCallResult dispatchCall(std::uint64_t, std::uint16_t,
                                  capnp::CallContext<capnp::AnyPointer, capnp::AnyPointer>) override {
    return {kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::str(sentence_.c_str())), false};
  }

private:
  std::string sentence_;
};

} // namespace

RefusedConnection::RefusedConnection(kj::Own<kj::AsyncIoStream> stream, std::string sentence)
  : guard_(kj::mv(stream), refused_message_bytes_max), network_(guard_, capnp::rpc::twoparty::Side::SERVER),
    system_(capnp::makeRpcServer(network_, capnp::Capability::Client(kj::heap<Refuser>(std::move(sentence))))) {
  system_.setFlowLimit(call_bytes_max / sizeof(capnp::word));
}

kj::Promise<void> RefusedConnection::closed() {
  return network_.onDisconnect().exclusiveJoin(guard_.refused());
}

} // namespace callboard::rpc
