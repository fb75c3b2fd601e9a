#include "actors/rpc/reply_gate.h"

#include <algorithm>

namespace callboard::rpc {

void ReplyGate::hold_until_written(kj::Own<Credits::Grant> grant, std::size_t bytes) {
  queued_ = std::max(queued_, written_) + bytes;
  held_.push_back({queued_, kj::mv(grant)});
}

kj::Promise<void> ReplyGate::may_read() {
  if (input_left_ > 0) return calls_->room();
  auto drained = kj::newPromiseAndFulfiller<void>();
  reader_ = kj::mv(drained.fulfiller);
  return drained.promise.then([this] { return calls_->room(); });
}

kj::Promise<std::size_t> ReplyGate::tryRead(void* buffer, std::size_t min_bytes, std::size_t max_bytes) {
  if (input_left_ > 0 && calls_->left() > 0) return read_now(buffer, min_bytes, max_bytes);
  return may_read().then([this, buffer, min_bytes, max_bytes] { return read_now(buffer, min_bytes, max_bytes); });
}

kj::Promise<std::size_t> ReplyGate::read_now(void* buffer, std::size_t min_bytes, std::size_t max_bytes) {
  return inner_->tryRead(buffer, min_bytes, max_bytes).then([this](std::size_t size) {
    if (replies_wait_) input_left_ -= std::min(size, input_left_);
    return size;
  });
}

kj::Promise<void> ReplyGate::write(const void* buffer, std::size_t size) {
  return count(inner_->write(buffer, size), size);
}

kj::Promise<void> ReplyGate::write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) {
  std::size_t size = 0;
  for (const auto& piece : pieces) size += piece.size();
  return count(inner_->write(pieces), size);
}

// The next queued reply is written within a few turns of the loop, so nothing waits
// any more when the loop has run dry and no write is under way.
kj::Promise<void> ReplyGate::count(kj::Promise<void> write, std::size_t size) {
  ++writing_;
  replies_wait_ = true;
  return write.then([this, size] {
    --writing_;
    written_ += size;
    while (!held_.empty() && held_.front().until <= written_) held_.pop_front();
    drain_check_ = kj::evalLast([this] {
                     if (writing_ == 0) all_written();
                   }).eagerlyEvaluate(nullptr);
  });
}

void ReplyGate::all_written() {
  replies_wait_ = false;
  input_left_ = input_bytes_max_;
  held_.clear();
  KJ_IF_MAYBE (reader, reader_) {
    reader->get()->fulfill();
    reader_ = nullptr;
  }
}

} // namespace callboard::rpc
