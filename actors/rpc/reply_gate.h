#pragma once

#include <cstdint>
#include <deque>
#include <kj/async-io.h>

#include "actors/rpc/credits.h"
#include "actors/rpc/forwarding_stream.h"

namespace callboard::rpc {

// The stream of one RPC connection, seen from what piles up behind it: Cap'n Proto
// queues replies without a bound. So while replies wait for a client that does not
// read them, only a little more of its input is read; and while too many calls are
// under way, none.
//
//   calls  --- read ---> [gate] ---> RPC system ---> replies queue ---> [gate] ---> client
//                           ^_______ stops while the queue is not empty ____|
//
// Belongs to one KJ loop.
class ReplyGate final : public ForwardingStream {
public:
  // `input_bytes_max`: read while replies wait, until all of them are written.
  ReplyGate(kj::Own<kj::AsyncIoStream> inner, kj::Own<Credits> calls, std::size_t input_bytes_max)
    : ForwardingStream(kj::mv(inner)), calls_(kj::mv(calls)), input_bytes_max_(input_bytes_max),
      input_left_(input_bytes_max) {}

  // Called when a reply of about `bytes` is about to be queued: keeps its credits until
  // it is written. Never later than when nothing waits any more.
  void hold_until_written(kj::Own<Credits::Grant> grant, std::size_t bytes);

  kj::Promise<std::size_t> tryRead(void* buffer, std::size_t min_bytes, std::size_t max_bytes) override;
  kj::Promise<void> write(const void* buffer, std::size_t size) override;
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override;

private:
  struct Held {
    std::uint64_t until; // bytes written
    kj::Own<Credits::Grant> grant;
  };
  kj::Promise<void> count(kj::Promise<void> write, std::size_t size);
  kj::Promise<void> may_read();
  kj::Promise<std::size_t> read_now(void* buffer, std::size_t min_bytes, std::size_t max_bytes);
  void all_written();

  kj::Own<Credits> calls_;
  std::size_t input_bytes_max_;
  std::size_t input_left_;
  bool replies_wait_ = false;
  std::uint32_t writing_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t queued_ = 0; // where the last held reply ends, at the latest
  std::deque<Held> held_;
  kj::Maybe<kj::Own<kj::PromiseFulfiller<void>>> reader_;
  kj::Promise<void> drain_check_ = kj::READY_NOW;
};

} // namespace callboard::rpc
