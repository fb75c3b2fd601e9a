#include "actors/rpc/coalescing_stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace callboard::rpc {

CoalescingStream::~CoalescingStream() noexcept(false) {
  if (gathered_.empty() || !written_.empty()) return;
  const auto failure = kj::runCatchingExceptions([this] {
    // A part that the socket does not take at once goes with the promise.
    const auto written = inner_->write(gathered_.data(), gathered_.size());
  });
}

std::size_t CoalescingStream::take(void* buffer, std::size_t max_bytes) {
  const auto bytes = std::min(max_bytes, end_ - begin_);
  std::memcpy(buffer, ahead_.data() + begin_, bytes);
  begin_ += bytes;
  return bytes;
}

kj::Promise<std::size_t> CoalescingStream::tryRead(void* buffer, std::size_t min_bytes, std::size_t max_bytes) {
  const auto ready = take(buffer, max_bytes);
  if (ready > 0 && ready >= min_bytes) return ready;
  auto* rest = static_cast<kj::byte*>(buffer) + ready;
  const auto max = max_bytes - ready;
  const auto min = std::max(min_bytes, ready + 1) - ready;
  if (max >= ahead_.size())
    return inner_->tryRead(rest, min, max).then([ready](std::size_t got) { return ready + got; });
  return inner_->tryRead(ahead_.data(), min, ahead_.size()).then([this, rest, max, ready](std::size_t got) {
    begin_ = 0;
    end_ = got;
    return ready + take(rest, max);
  });
}

kj::Promise<void> CoalescingStream::write(const void* buffer, std::size_t size) {
  auto pieces = kj::heapArray<kj::ArrayPtr<const kj::byte>>(1);
  pieces[0] = kj::arrayPtr(static_cast<const kj::byte*>(buffer), size);
  auto written = write(pieces.asPtr());
  return written.attach(kj::mv(pieces));
}

kj::Promise<void> CoalescingStream::write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) {
  KJ_IF_MAYBE (failure, failure_) return kj::cp(*failure);
  std::size_t size = 0;
  for (const auto piece : pieces) size += piece.size();
  if (gathered_.size() + size <= gathered_bytes_max) {
    for (const auto piece : pieces) gathered_.insert(gathered_.end(), piece.begin(), piece.end());
    flush();
    return kj::READY_NOW;
  }
  if (!flushing_) return inner_->write(pieces); // nothing is gathered either
  return flushed_.addBranch().then([this, pieces] { return write(pieces); });
}

void CoalescingStream::flush() {
  if (std::exchange(flushing_, true)) return;
  flushed_ = kj::evalLast([this] { return flush_gathered(); })
                 .then([this] { flushing_ = false; },
                       [this](kj::Exception&& e) {
                         flushing_ = false;
                         gathered_.clear();
                         written_.clear();
                         failure_ = kj::mv(e);
                       })
                 .fork();
}

kj::Promise<void> CoalescingStream::flush_gathered() {
  std::swap(written_, gathered_);
  return inner_->write(written_.data(), written_.size()).then([this]() -> kj::Promise<void> {
    written_.clear();
    if (gathered_.empty()) return kj::READY_NOW;
    return flush_gathered();
  });
}

void CoalescingStream::shutdownWrite() {
  if (!flushing_)
    inner_->shutdownWrite();
  else
    closing_ = flushed_.addBranch().then([this] { inner_->shutdownWrite(); }).eagerlyEvaluate(nullptr);
}

} // namespace callboard::rpc
