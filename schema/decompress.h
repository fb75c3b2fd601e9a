#pragma once

#include <algorithm>
#include <cstddef>

#include "schema/bytes.h"
#include "schema/record_batch.h"
#include "schema/result.h"

// The records of a compressed batch, for the few who must walk them (compaction, tools);
// on the way from producer to consumer they stay as they came. What is compressed comes
// from clients, so that its size says nothing about what it becomes: 300 bytes of zstd
// can be 10 MB. Memory and time are bounded here, whatever the bytes claim.
namespace callboard {

// What `compressed_bytes` may become at most if the caller accepts `bytes_max`. Honest
// records of one letter shrink to nothing, hence a floor below which no ratio counts;
// past it, a ratio no data worth compressing reaches.
inline constexpr std::size_t decompressed_floor_bytes = std::size_t{16} << 20;
inline constexpr std::size_t decompressed_ratio_max = 128;
constexpr std::size_t decompressed_bytes_max(std::size_t compressed_bytes, std::size_t bytes_max) {
  return std::min(bytes_max, std::max(decompressed_floor_bytes, decompressed_ratio_max * compressed_bytes));
}

// `compressed` as `codec` has it, all of it:
//   gzip    RFC 1952, one member or several        zstd  RFC 8878, one frame or several
//   lz4     one frame (LZ4F)                       none  a copy
//   snappy  one raw block, or as Java's clients write it, "\x82SNAPPY\0", two versions and
//           blocks behind their sizes
// Takes at most twice the bound above while it works, and some MiB for the codec.
// Errors: corrupt_message (damaged, cut off, bytes left over), message_too_large (past
// the bound), unsupported_compression_type.
Result<SharedBytes> decompress(Codec codec, ByteView compressed, std::size_t bytes_max);

} // namespace callboard
