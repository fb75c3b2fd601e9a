#pragma once

#include <kj/async-io.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "actors/rpc/forwarding_stream.h"

namespace callboard::net {

// A stream some of whose bytes were read already: they come first.
class PrefixedStream final : public ForwardingStream {
public:
  PrefixedStream(kj::Own<kj::AsyncIoStream> inner, std::vector<std::uint8_t> prefix)
    : ForwardingStream(kj::mv(inner)), prefix_(std::move(prefix)) {}

  kj::Promise<std::size_t> tryRead(void* buffer, std::size_t min_bytes, std::size_t max_bytes) override {
    const auto ready = std::min(max_bytes, prefix_.size() - used_);
    if (ready == 0) return inner_->tryRead(buffer, min_bytes, max_bytes);
    std::memcpy(buffer, prefix_.data() + used_, ready);
    used_ += ready;
    if (ready >= min_bytes) return ready;
    return inner_->tryRead(static_cast<kj::byte*>(buffer) + ready, min_bytes - ready, max_bytes - ready)
        .then([ready](std::size_t got) { return ready + got; });
  }

private:
  std::vector<std::uint8_t> prefix_;
  std::size_t used_ = 0;
};

} // namespace callboard::net
