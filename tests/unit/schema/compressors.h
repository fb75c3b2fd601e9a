#pragma once

#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "schema/assert.h"
#include "schema/record_batch.h"

// What producers do to a batch's records, in every form that clients write.
namespace callboard {

inline std::string gzipped(std::string_view plain) {
  z_stream stream{};
  CB_ASSERT(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CB_ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string lz4ed(std::string_view plain) {
  std::string out(LZ4F_compressFrameBound(plain.size(), nullptr), '\0');
  out.resize(LZ4F_compressFrame(out.data(), out.size(), plain.data(), plain.size(), nullptr));
  return out;
}

inline std::string zstded(std::string_view plain) {
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 3));
  return out;
}

// A header that keeps the size to itself, as a producer that streams writes it.
inline std::string zstd_streamed(std::string_view plain) {
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  auto* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  out.resize(ZSTD_compress2(context, out.data(), out.size(), plain.data(), plain.size()));
  ZSTD_freeCCtx(context);
  return out;
}

inline std::string snapped(std::string_view plain) {
  std::string out;
  snappy::Compress(plain.data(), plain.size(), &out);
  return out;
}

// In Java's form, in blocks of 32 KiB.
inline std::string snapped_by_java(std::string_view plain) {
  std::string out("\x82SNAPPY\0\0\0\0\1\0\0\0\1", 16);
  for (; !plain.empty(); plain = plain.substr(std::min<std::size_t>(plain.size(), 32768))) {
    const auto block = snapped(plain.substr(0, 32768));
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(block.size() >> shift));
    out += block;
  }
  return out;
}

struct Compressor {
  const char* name;
  Codec codec;
  std::string (*compress)(std::string_view);
};
inline constexpr Compressor all_compressors[] = {
    {"gzip", Codec::gzip, gzipped},     {"lz4", Codec::lz4, lz4ed},
    {"zstd", Codec::zstd, zstded},      {"zstd, streamed", Codec::zstd, zstd_streamed},
    {"snappy", Codec::snappy, snapped}, {"snappy of Java", Codec::snappy, snapped_by_java},
};

} // namespace callboard
