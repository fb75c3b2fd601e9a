#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <kj/async-io.h>
#include <string>

#include "actors/rpc/forwarding_stream.h"
#include "schema/result.h"

namespace callboard::rpc {

// Follows the framing of a Cap'n Proto stream, byte by byte:
//
//   segment count - 1 : u32 | size of each segment in words : u32 ... | padding to 8 | segments
//
// (all little-endian) and refuses what the library should never see: Cap'n Proto 0.9
// adds 1 to the count without looking, so 0xFFFFFFFF is no segments at all.
class FramingCheck {
public:
  static constexpr std::uint32_t segments_max = 512;

  explicit FramingCheck(std::uint64_t bytes_max) : words_max_(bytes_max / 8) {}

  // The next bytes of the stream. After an error the stream is of no use.
  Status feed(const std::uint8_t* bytes, std::size_t size);

private:
  Status header_word(std::uint32_t word);

  std::uint64_t words_max_;
  std::uint64_t content_left_ = 0; // bytes of the current message's segments still to come
  std::array<std::uint8_t, 4> partial_{};
  std::size_t partial_size_ = 0;
  bool in_table_ = false;
  std::uint32_t sizes_left_ = 0;
  bool padded_ = false;
  std::uint64_t words_ = 0;
};

// A stream whose incoming bytes pass a FramingCheck: a read that meets a bad header
// fails with a sentence before the reader gets it, and so does every read after it.
// Writes pass through. Keep reads small (the library's are): a read that ends within
// a later message's header is checked up to there.
class FramingGuard final : public ForwardingStream {
public:
  FramingGuard(kj::Own<kj::AsyncIoStream> inner, std::uint64_t bytes_max)
    : ForwardingStream(kj::mv(inner)), check_(bytes_max) {}

  // Resolves when it refuses its stream, also while a write is stuck. Call it once.
  kj::Promise<void> refused() { return kj::mv(refusal_.promise); }

  kj::Promise<std::size_t> tryRead(void* buffer, std::size_t min_bytes, std::size_t max_bytes) override;

private:
  FramingCheck check_;
  std::string refused_because_; // empty: it is not
  kj::PromiseFulfillerPair<void> refusal_ = kj::newPromiseAndFulfiller<void>();
};

} // namespace callboard::rpc
