#pragma once

#include <array>
#include <vector>

#include "actors/rpc/forwarding_stream.h"

namespace callboard::rpc {

// Few system calls for many small messages. Reads more than it is asked for while that is little: Cap'n Proto
// reads 8 bytes, then the rest of a message's table, then its content. And writes together what is written in one
// turn of the loop: a small write is copied and done at once, errors come with a later one. What is large passes
// through, in its turn.
class CoalescingStream final : public ForwardingStream {
public:
  explicit CoalescingStream(kj::Own<kj::AsyncIoStream> inner) : ForwardingStream(kj::mv(inner)) {}
  // What is gathered is written as far as the socket has room: often the last word of who ends a connection.
  ~CoalescingStream() noexcept(false);

  kj::Promise<std::size_t> tryRead(void* buffer, std::size_t min_bytes, std::size_t max_bytes) override;
  kj::Promise<void> write(const void* buffer, std::size_t size) override;
  // `pieces` stay until the promise resolves.
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override;
  // Behind all that was written.
  void shutdownWrite() override;

private:
  static constexpr std::size_t ahead_bytes = 4096;
  static constexpr std::size_t gathered_bytes_max = 4096;

  std::size_t take(void* buffer, std::size_t max_bytes);
  void flush();
  kj::Promise<void> flush_gathered();

  std::array<kj::byte, ahead_bytes> ahead_;
  std::size_t begin_ = 0; // of what is read and not taken
  std::size_t end_ = 0;

  std::vector<kj::byte> gathered_;
  std::vector<kj::byte> written_; // on its way
  bool flushing_ = false;
  kj::Maybe<kj::Exception> failure_;
  kj::ForkedPromise<void> flushed_ = kj::Promise<void>(kj::READY_NOW).fork();
  kj::Promise<void> closing_ = kj::READY_NOW;
};

} // namespace callboard::rpc
