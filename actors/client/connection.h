#pragma once

#include <capnp/rpc-twoparty.h>
#include <chrono>
#include <kj/async-io.h>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "actors/client/client.h"
#include "schema/rpc/broker.capnp.h"

namespace callboard::client {

// The KJ event loop of a thread, shared by that thread's connections: KJ allows one.
struct Loop {
  kj::AsyncIoContext io = kj::setupAsyncIo();

  static std::shared_ptr<Loop> of_this_thread();
};

// The connection behind a Client and what it opened. Runs its thread's loop while a
// call waits, and turns KJ's exceptions into errors: the only place that catches them.
class Connection {
public:
  static Result<std::shared_ptr<Connection>> open(std::string_view address, const ClientOptions& options);

  rpc::wire::Broker::Client& broker() { return broker_; }
  // Opened once and kept: a partition's capability is good as long as the connection.
  rpc::wire::Partition::Client partition(const std::string& topic, std::int32_t id);
  const ClientOptions& options() const { return options_; }
  const std::string& address() const { return address_; }
  // The time the broker is given, in its own unit; we wait a little longer than that.
  std::uint32_t timeout_ms() const { return static_cast<std::uint32_t>(options_.request_timeout.count()); }

  // Waits for an answer. Errors besides its own: request_timed_out, network_exception.
  template <class T>
  Result<T> wait(kj::Promise<Result<T>> answer, std::chrono::milliseconds extra = {}) {
    return attempt<T>([&] { return with_deadline(kj::mv(answer), extra).wait(loop_->io.waitScope); });
  }
  Status wait(kj::Promise<void> done, std::chrono::milliseconds extra = {}) {
    return wait<Unit>(done.then([]() -> Result<Unit> { return ok_status(); }), extra);
  }
  kj::Promise<void> after(std::chrono::milliseconds time) {
    return loop_->io.provider->getTimer().afterDelay(time.count() * kj::MILLISECONDS);
  }
  // What a call's exception means.
  Error failure(const kj::Exception& exception) const;

private:
  Connection(std::shared_ptr<Loop> loop, kj::Own<kj::AsyncIoStream> stream, std::string address,
             const ClientOptions& options);

  template <class T>
  kj::Promise<Result<T>> with_deadline(kj::Promise<Result<T>> answer, std::chrono::milliseconds extra) {
    const auto limit = options_.request_timeout + options_.request_timeout / 4 + extra;
    return answer.exclusiveJoin(
        loop_->io.provider->getTimer().afterDelay(limit.count() * kj::MILLISECONDS).then([this, limit]() -> Result<T> {
          return no_answer(limit);
        }));
  }
  template <class T, class Call>
  Result<T> attempt(Call call) {
    CB_ASSERT(std::this_thread::get_id() == thread_);
    try {
      return call();
    } catch (const kj::Exception& e) {
      partitions_.clear(); // one of them may be broken
      return failure(e);
    }
  }
  Error no_answer(std::chrono::milliseconds waited) const;

  std::shared_ptr<Loop> loop_; // dies last
  std::thread::id thread_ = std::this_thread::get_id();
  std::string address_;
  ClientOptions options_;
  kj::Own<kj::AsyncIoStream> stream_;
  capnp::TwoPartyVatNetwork network_;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> system_;
  rpc::wire::Broker::Client broker_;
  std::map<std::pair<std::string, std::int32_t>, rpc::wire::Partition::Client> partitions_;
};

} // namespace callboard::client
