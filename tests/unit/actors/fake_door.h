#pragma once

#include <future>
#include <kj/async-unix.h>
#include <kj/thread.h>
#include <string>

#include "actors/rpc/broker_connection.h"
#include "tests/unit/actors/fake_broker_backend.h"

namespace callboard::rpc {

// A door on loopback in a thread of its own, over the fake node.
class FakeDoor {
public:
  FakeDoor() : thread_([this] { run(); }) { address_ = listening_.get_future().get(); }
  ~FakeDoor() noexcept(false) {
    executor_->executeSync([this] { stop_->fulfill(); });
  }
  const std::string& address() const { return address_; }
  // On the door's thread.
  template <class Function>
  void with_backend(Function function) {
    executor_->executeSync([this, &function] { function(*backend_); });
  }

private:
  struct Accepting : kj::TaskSet::ErrorHandler {
    void taskFailed(kj::Exception&&) override {}
  };

  void run() {
    auto io = kj::setupAsyncIo();
    FakeBrokerBackend backend;
    auto stop = kj::newPromiseAndFulfiller<void>();
    auto listener = io.provider->getNetwork().parseAddress("127.0.0.1", 0).wait(io.waitScope)->listen();
    Accepting errors;
    kj::TaskSet connections(errors);
    backend_ = &backend;
    stop_ = kj::mv(stop.fulfiller);
    executor_ = kj::getCurrentThreadExecutor().addRef();
    listening_.set_value("127.0.0.1:" + std::to_string(listener->getPort()));
    accept(*listener, connections).exclusiveJoin(kj::mv(stop.promise)).wait(io.waitScope);
  }
  kj::Promise<void> accept(kj::ConnectionReceiver& listener, kj::TaskSet& connections) {
    return listener.accept().then([this, &listener, &connections](kj::Own<kj::AsyncIoStream> stream) {
      auto connection = kj::heap<BrokerConnection>(kj::mv(stream), *backend_);
      auto closed = connection->closed();
      connections.add(closed.attach(kj::mv(connection)));
      return accept(listener, connections);
    });
  }

  std::promise<std::string> listening_;
  std::string address_;
  FakeBrokerBackend* backend_ = nullptr;
  kj::Own<const kj::Executor> executor_;
  kj::Own<kj::PromiseFulfiller<void>> stop_;
  kj::Thread thread_; // joined first
};

} // namespace callboard::rpc
