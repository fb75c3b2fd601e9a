#pragma once

#include <kj/async.h>
#include <kj/refcount.h>
#include <kj/time.h>

#include "actors/rpc/broker_backend.h"
#include "actors/rpc/credits.h"
#include "actors/rpc/reply_gate.h"

namespace callboard::rpc {

// What one connection may hold at once. At a limit its calls wait, except
// capabilities: one too many is refused.
struct RpcLimits {
  std::size_t produce_bytes = std::size_t{16} << 20; // admitted and unanswered
  std::size_t reply_bytes = std::size_t{32} << 20;   // of fetches under way and unread replies
  std::size_t fetch_bytes = std::size_t{16} << 20;   // of one fetch, whatever it asks for
  std::size_t call_bytes = std::size_t{4} << 20;     // of calls not yet answered, streamed ones: admitted
  std::size_t input_bytes = std::size_t{256} << 10;  // read while replies wait unread
  std::size_t calls = 4096;
  std::size_t capabilities = 16384;
  std::uint32_t records = 100'000; // of one produce or one fetch in the form of records
};

// One connection's share: what its capabilities have in common. Belongs to one KJ loop.
class Session final : public kj::Refcounted, private kj::TaskSet::ErrorHandler {
public:
  Session(BrokerBackend& backend, const kj::Clock& clock, const RpcLimits& limits, kj::Own<Credits> calls,
          ReplyGate& gate);

  BrokerBackend& backend() { return backend_; }
  const RpcLimits& limits() const { return limits_; }
  TimestampMs now() const;

  Credits& produce_credits() { return *produce_; }
  Credits& reply_credits() { return *replies_; }
  ReplyGate& gate() { return gate_; }

  // To be attached to every call's promise.
  kj::Own<Credits::Grant> count_call() { return calls_->spend(1); }
  // To be held by every capability that a client opens. Throws kj::Exception
  // (OVERLOADED) when it holds too many.
  kj::Own<Credits::Grant> count_capability();
  // Goes on after the capability that started it is dropped, until the connection ends.
  void run(kj::Promise<void> task) { tasks_.add(kj::mv(task)); }

private:
  void taskFailed(kj::Exception&& exception) override;

  BrokerBackend& backend_;
  const kj::Clock& clock_;
  RpcLimits limits_;
  kj::Own<Credits> calls_;
  kj::Own<Credits> produce_;
  kj::Own<Credits> replies_;
  kj::Own<Credits> capabilities_;
  ReplyGate& gate_;
  kj::TaskSet tasks_;
};

} // namespace callboard::rpc
