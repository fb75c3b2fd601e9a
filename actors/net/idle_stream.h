#pragma once

#include <kj/timer.h>

#include "actors/rpc/forwarding_stream.h"

namespace callboard::net {

// A stream that knows when nothing has moved on it for a while, in either direction.
class IdleStream final : public ForwardingStream {
public:
  IdleStream(kj::Own<kj::AsyncIoStream> inner, kj::Timer& timer, kj::Duration limit)
    : ForwardingStream(kj::mv(inner)), timer_(timer), limit_(limit), moved_at_(timer.now()) {}

  // Resolves when nothing was read or written for as long as the limit. Drop it before
  // the stream.
  kj::Promise<void> idle() {
    return timer_.atTime(moved_at_ + limit_).then([this]() -> kj::Promise<void> {
      if (timer_.now() - moved_at_ >= limit_) return kj::READY_NOW;
      return idle();
    });
  }

  kj::Promise<std::size_t> tryRead(void* buffer, std::size_t min_bytes, std::size_t max_bytes) override {
    return inner_->tryRead(buffer, min_bytes, max_bytes).then([this](std::size_t got) {
      moved_at_ = timer_.now();
      return got;
    });
  }
  kj::Promise<void> write(const void* buffer, std::size_t size) override {
    return inner_->write(buffer, size).then([this] { moved_at_ = timer_.now(); });
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    return inner_->write(pieces).then([this] { moved_at_ = timer_.now(); });
  }

private:
  kj::Timer& timer_;
  kj::Duration limit_;
  kj::TimePoint moved_at_;
};

} // namespace callboard::net
