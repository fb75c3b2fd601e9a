#pragma once

#include <kj/async-io.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace callboard::net {

// A stream some of whose bytes were read already: they come first.
class PrefixedStream final : public kj::AsyncIoStream {
public:
  PrefixedStream(kj::Own<kj::AsyncIoStream> inner, std::vector<std::uint8_t> prefix)
    : inner_(kj::mv(inner)), prefix_(std::move(prefix)) {}

  kj::Promise<std::size_t> tryRead(void* buffer, std::size_t min_bytes, std::size_t max_bytes) override {
    const auto ready = std::min(max_bytes, prefix_.size() - used_);
    if (ready == 0) return inner_->tryRead(buffer, min_bytes, max_bytes);
    std::memcpy(buffer, prefix_.data() + used_, ready);
    used_ += ready;
    if (ready >= min_bytes) return ready;
    return inner_->tryRead(static_cast<kj::byte*>(buffer) + ready, min_bytes - ready, max_bytes - ready)
        .then([ready](std::size_t got) { return ready + got; });
  }
  kj::Promise<void> write(const void* buffer, std::size_t size) override { return inner_->write(buffer, size); }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    return inner_->write(pieces);
  }
  kj::Promise<void> whenWriteDisconnected() override { return inner_->whenWriteDisconnected(); }
  void shutdownWrite() override { inner_->shutdownWrite(); }
  void abortRead() override { inner_->abortRead(); }
  void getsockopt(int level, int option, void* value, kj::uint* length) override {
    inner_->getsockopt(level, option, value, length);
  }
  void setsockopt(int level, int option, const void* value, kj::uint length) override {
    inner_->setsockopt(level, option, value, length);
  }

private:
  kj::Own<kj::AsyncIoStream> inner_;
  std::vector<std::uint8_t> prefix_;
  std::size_t used_ = 0;
};

} // namespace callboard::net
