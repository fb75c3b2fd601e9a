#include "actors/client/connection.h"

#include <capnp/message.h>
#include <charconv>

#include "actors/tls/context.h"
#include "actors/tls/stream.h"
#include "schema/rpc/translate_api.h"

namespace callboard::client {
namespace {

namespace wire = rpc::wire;

capnp::ReaderOptions reader_options() {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 2 * rpc::message_bytes_max / sizeof(capnp::word);
  return options;
}

wire::Broker::Client bootstrap(capnp::RpcSystem<capnp::rpc::twoparty::VatId>& system) {
  capnp::MallocMessageBuilder message(4);
  auto server = message.initRoot<capnp::rpc::twoparty::VatId>();
  server.setSide(capnp::rpc::twoparty::Side::SERVER);
  return system.bootstrap(server).castAs<wire::Broker>();
}

bool has_port(std::string_view address) {
  const auto colon = address.rfind(':');
  if (colon == 0 || colon == std::string_view::npos) return false;
  const auto digits = address.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return failed == std::errc{} && end == digits.data() + digits.size() && port != 0;
}

std::string without_brackets(const std::string& host) {
  return host.size() > 2 && host.front() == '[' ? host.substr(1, host.size() - 2) : host;
}

Error cannot_reach(const std::string& address, const kj::Exception& e) {
  const std::string_view reason(e.getDescription().cStr());
  std::string why(reason);
  if (reason.find("refused") != reason.npos)
    why = "nothing listens there. Is the node running, and is this its address?";
  else if (reason.find("getaddrinfo") != reason.npos || reason.find("DNS") != reason.npos)
    why = "no such host";
  return {ErrorCode::network_exception, "cannot reach " + address + ": " + why};
}

} // namespace

std::shared_ptr<Loop> Loop::of_this_thread() {
  thread_local std::weak_ptr<Loop> current;
  auto loop = current.lock();
  if (!loop) current = loop = std::make_shared<Loop>();
  return loop;
}

Result<std::shared_ptr<Connection>> Connection::open(std::string_view address_view, const ClientOptions& options) {
  const std::string address(address_view);
  if (!has_port(address))
    return Error{ErrorCode::invalid_argument, "\"" + address + "\" is no address; write HOST:PORT, as 127.0.0.1:9092"};
  std::shared_ptr<const tls::Context> security;
  if (!options.tls_ca.empty()) {
    auto loaded = tls::Context::client({options.tls_certificate, options.tls_key, options.tls_ca});
    if (!loaded) return loaded.error();
    security = std::move(*loaded);
  }
  const auto host = address.substr(0, address.rfind(':'));
  auto loop = Loop::of_this_thread();
  try {
    auto stream =
        loop->io.provider->getNetwork()
            .parseAddress(address.c_str())
            .then([](kj::Own<kj::NetworkAddress> parsed) {
              auto connecting = parsed->connect();
              return connecting.attach(kj::mv(parsed));
            })
            .then([&](kj::Own<kj::AsyncIoStream> connected) -> kj::Promise<kj::Own<kj::AsyncIoStream>> {
              if (security == nullptr) return kj::mv(connected);
              return security->connect(kj::mv(connected), without_brackets(host))
                  .then([](kj::Own<tls::Stream> within) -> kj::Own<kj::AsyncIoStream> { return kj::mv(within); });
            })
            .then([](kj::Own<kj::AsyncIoStream> connected) {
              return kj::Maybe<kj::Own<kj::AsyncIoStream>>(kj::mv(connected));
            })
            .exclusiveJoin(loop->io.provider->getTimer()
                               .afterDelay(options.connect_timeout.count() * kj::MILLISECONDS)
                               .then([]() -> kj::Maybe<kj::Own<kj::AsyncIoStream>> { return nullptr; }))
            .wait(loop->io.waitScope);
    KJ_IF_MAYBE (connected, stream)
      return std::shared_ptr<Connection>(new Connection(loop, kj::mv(*connected), address, options));
  } catch (const kj::Exception& e) {
    return cannot_reach(address, e);
  }
  return Error{ErrorCode::request_timed_out, "cannot reach " + address + ": no answer within " +
                                                 std::to_string(options.connect_timeout.count()) + " ms"};
}

Connection::Connection(std::shared_ptr<Loop> loop, kj::Own<kj::AsyncIoStream> stream, std::string address,
                       const ClientOptions& options)
  : loop_(std::move(loop)), address_(std::move(address)), options_(options), stream_(kj::mv(stream)),
    network_(*stream_, capnp::rpc::twoparty::Side::CLIENT, reader_options()), system_(capnp::makeRpcClient(network_)),
    broker_(bootstrap(system_)) {}

wire::Partition::Client Connection::partition(const std::string& topic, std::int32_t id) {
  constexpr std::size_t kept_max = 1024;
  const auto kept = partitions_.find({topic, id});
  if (kept != partitions_.end()) return kept->second;
  if (partitions_.size() >= kept_max) partitions_.clear();
  auto opening_topic = broker_.topicRequest();
  opening_topic.setName(rpc::to_text(topic));
  auto opening_partition = opening_topic.send().getTopic().partitionRequest();
  opening_partition.setId(id);
  return partitions_.emplace(std::pair(topic, id), opening_partition.send().getPartition()).first->second;
}

Error Connection::no_answer(std::chrono::milliseconds waited) const {
  return {ErrorCode::request_timed_out, address_ + " did not answer within " + std::to_string(waited.count()) +
                                            " ms. Is it a Callboard node, and is it healthy?"};
}

Error Connection::failure(const kj::Exception& exception) const {
  const std::string why(exception.getDescription().cStr());
  switch (exception.getType()) {
  case kj::Exception::Type::DISCONNECTED:
    return {ErrorCode::network_exception, "the connection to " + address_ + " is gone (" + why + "); connect again"};
  case kj::Exception::Type::UNIMPLEMENTED:
    return {ErrorCode::unsupported_version, address_ + " does not know this call: it runs an older version"};
  case kj::Exception::Type::OVERLOADED:
  case kj::Exception::Type::FAILED: break;
  }
  return {ErrorCode::unknown_server_error, address_ + " refused: " + why};
}

} // namespace callboard::client
