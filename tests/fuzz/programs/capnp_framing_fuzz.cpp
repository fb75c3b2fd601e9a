#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/rpc.capnp.h>
#include <capnp/serialize-async.h>
#include <kj/async.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "actors/rpc/framing_guard.h"

// Any bytes as what a Cap'n Proto client sends: through the guard into the library, as
// the door does it, and walked to the ends of the tree. The guard must say the same
// however the bytes are cut into pieces.
//
// How many bytes come at a time | the stream
namespace callboard::rpc {
namespace {

constexpr std::uint64_t message_bytes_max = 1 << 16; // small, so that its refusal is reached

class Bytes final : public kj::AsyncIoStream {
public:
  Bytes(const std::uint8_t* data, std::size_t size, std::size_t at_once) : at_(data), left_(size), at_once_(at_once) {}

  kj::Promise<std::size_t> tryRead(void* buffer, std::size_t min_bytes, std::size_t max_bytes) override {
    const auto count = std::min(left_, std::min(max_bytes, std::max(min_bytes, at_once_)));
    if (count > 0) std::memcpy(buffer, at_, count); // of an empty message `buffer` is null
    at_ += count;
    left_ -= count;
    return count;
  }
  kj::Promise<void> write(const void*, std::size_t) override { return kj::READY_NOW; }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>>) override { return kj::READY_NOW; }
  kj::Promise<void> whenWriteDisconnected() override { return kj::NEVER_DONE; }
  void shutdownWrite() override {}

private:
  const std::uint8_t* at_;
  std::size_t left_;
  std::size_t at_once_;
};

// As rpc/broker_connection.cpp has them.
capnp::ReaderOptions reader_options() {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = message_bytes_max / sizeof(capnp::word);
  options.nestingLimit = 32;
  return options;
}

void read_all(kj::AsyncIoStream& stream, kj::WaitScope& wait) {
  for (;;) {
    auto message = capnp::tryReadMessage(stream, reader_options()).wait(wait);
    KJ_IF_MAYBE (reader, message) {
      // Walks everything within the limits; then as what the RPC system reads it for.
      (*reader)->getRoot<capnp::AnyPointer>().targetSize();
      kj::str((*reader)->getRoot<capnp::rpc::Message>());
    } else {
      return;
    }
  }
}

bool accepted(const std::uint8_t* data, std::size_t size, std::size_t at_once) {
  FramingCheck check(message_bytes_max);
  for (std::size_t at = 0; at < size; at += at_once)
    if (!check.feed(data + at, std::min(at_once, size - at))) return false;
  return true;
}

} // namespace
} // namespace callboard::rpc

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace callboard;
  using namespace callboard::rpc;
  if (size < 1) return 0;
  const std::size_t at_once = 1 + data[0];
  ++data;
  --size;
  const bool whole = accepted(data, size, std::max<std::size_t>(size, 1));
  CB_ASSERT(accepted(data, size, at_once) == whole);
  CB_ASSERT(accepted(data, size, 1) == whole);

  static kj::EventLoop loop;
  static kj::WaitScope wait(loop);
  FramingGuard guard(kj::heap<Bytes>(data, size, at_once), message_bytes_max);
  kj::runCatchingExceptions([&] { read_all(guard, wait); }); // what the connection ends with
  return 0;
}
