#include "schema/compress.h"

#include <lz4frame.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>

#include "schema/big_endian.h"

namespace callboard {
namespace {

constexpr int gzip_window_bits = 15 + 16; // zlib: with gzip's header
// Java's framing of snappy: a magic, two versions, then blocks behind their lengths.
constexpr std::array<std::uint8_t, 8> snappy_magic{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
constexpr std::size_t snappy_block_bytes = std::size_t{32} << 10;

std::string deflate_gzip(ByteView bytes) {
  z_stream stream{};
  constexpr int memory_level = 8;
  CB_ASSERT(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window_bits, memory_level,
                         Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = const_cast<std::uint8_t*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<std::uint8_t*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CB_ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

std::string compress_snappy(ByteView bytes) {
  std::string out(text_of(snappy_magic));
  std::uint8_t number[4];
  for (const std::int32_t version : {1, 1}) {
    store_big_endian(number, version);
    out.append(text_of(number));
  }
  std::string block(snappy_max_compressed_length(snappy_block_bytes), '\0');
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(snappy_block_bytes, bytes.size()));
    auto size = block.size();
    CB_ASSERT(snappy_compress(reinterpret_cast<const char*>(part.data()), part.size(), block.data(), &size) ==
              SNAPPY_OK);
    store_big_endian(number, static_cast<std::int32_t>(size));
    out.append(text_of(number)).append(block, 0, size);
    bytes = bytes.subspan(part.size());
  }
  return out;
}

std::string compress_lz4(ByteView bytes) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockMode = LZ4F_blockIndependent; // the only one that Java's clients read
  std::string out(LZ4F_compressFrameBound(bytes.size(), &preferences), '\0');
  const auto size = LZ4F_compressFrame(out.data(), out.size(), bytes.data(), bytes.size(), &preferences);
  CB_ASSERT(!LZ4F_isError(size));
  out.resize(size);
  return out;
}

std::string compress_zstd(ByteView bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const auto size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), ZSTD_CLEVEL_DEFAULT);
  CB_ASSERT(!ZSTD_isError(size));
  out.resize(size);
  return out;
}

} // namespace

std::string compress(Codec codec, ByteView bytes) {
  switch (codec) {
  case Codec::none: return std::string(text_of(bytes));
  case Codec::gzip: return deflate_gzip(bytes);
  case Codec::snappy: return compress_snappy(bytes);
  case Codec::lz4: return compress_lz4(bytes);
  case Codec::zstd: return compress_zstd(bytes);
  }
  CB_ASSERT(false);
  return {};
}

} // namespace callboard
