#include "schema/decompress.h"

#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string>

#include "schema/big_endian.h"

namespace callboard {
namespace {

constexpr std::size_t first_room_min = 4096;
// What batches usually shrink to, and some more: most fit into the first room.
constexpr std::size_t usual_ratio = 8;

Error corrupt(const char* codec) {
  return {ErrorCode::corrupt_message, std::string("The records are no whole ") + codec + " data."};
}

Error too_large(std::size_t bytes_max) {
  return {ErrorCode::message_too_large,
          "The records take more than " + std::to_string(bytes_max) + " bytes once they are decompressed."};
}

// What has come out so far. Grows by doubling up to one byte past the bound: whoever
// fills that byte is too large.
class Output {
public:
  Output(std::size_t compressed_bytes, std::size_t bytes_max)
    : bytes_max_(bytes_max),
      buffer_(std::min(bytes_max + 1, std::max(first_room_min, usual_ratio * compressed_bytes))) {}

  std::uint8_t* at() { return buffer_.data() + size_; }
  std::size_t room() const { return buffer_.capacity() - size_; }
  std::size_t left() const { return bytes_max_ - size_; }
  void wrote(std::size_t bytes) { size_ += bytes; }
  bool full() const { return size_ > bytes_max_; }

  void grow() { grow_to(2 * buffer_.capacity()); }
  void reserve(std::size_t bytes) {
    if (bytes > room()) grow_to(std::max(2 * buffer_.capacity(), size_ + bytes));
  }
  SharedBytes take() { return buffer_.freeze(size_); }

private:
  void grow_to(std::size_t capacity) {
    ByteBuffer larger(std::min(bytes_max_ + 1, capacity));
    std::memcpy(larger.data(), buffer_.data(), size_);
    buffer_ = std::move(larger);
  }

  std::size_t bytes_max_;
  ByteBuffer buffer_;
  std::size_t size_ = 0;
};

// --- gzip

class Inflater {
public:
  Inflater() {
    constexpr int largest_window_and_gzip = 15 + 16;
    if (inflateInit2(&stream_, largest_window_and_gzip) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  z_stream* operator->() { return &stream_; }
  z_stream* get() { return &stream_; }

private:
  z_stream stream_{};
};

Result<SharedBytes> gunzip(ByteView in, std::size_t bytes_max) {
  Inflater inflater;
  inflater->next_in = const_cast<Bytef*>(in.data()); // zlib only reads it
  inflater->avail_in = static_cast<uInt>(in.size());
  Output out(in.size(), bytes_max);
  for (;;) {
    if (out.room() == 0) out.grow();
    inflater->next_out = out.at();
    inflater->avail_out = static_cast<uInt>(std::min<std::size_t>(out.room(), std::numeric_limits<uInt>::max()));
    const auto before = inflater->avail_out;
    const int status = inflate(inflater.get(), Z_NO_FLUSH);
    out.wrote(before - inflater->avail_out);
    if (out.full()) return too_large(bytes_max);
    if (status == Z_STREAM_END) {
      if (inflater->avail_in == 0) return out.take();
      inflateReset(inflater.get()); // another member follows
    } else if (status != Z_OK) {
      return corrupt("gzip"); // Z_BUF_ERROR too: there is room, so bytes are missing
    }
  }
}

// --- lz4

struct EndLz4 {
  void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

Result<SharedBytes> unlz4(ByteView in, std::size_t bytes_max) {
  LZ4F_dctx* made = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION))) throw std::bad_alloc();
  const std::unique_ptr<LZ4F_dctx, EndLz4> context(made);
  Output out(in.size(), bytes_max);
  for (;;) {
    if (out.room() == 0) out.grow();
    auto written = out.room();
    auto taken = in.size();
    const auto wanted = LZ4F_decompress(context.get(), out.at(), &written, in.data(), &taken, nullptr);
    if (LZ4F_isError(wanted)) return corrupt("lz4");
    out.wrote(written);
    in = in.subspan(taken);
    if (out.full()) return too_large(bytes_max);
    if (wanted == 0) return in.empty() ? Result<SharedBytes>(out.take()) : corrupt("lz4");
    if (written == 0 && taken == 0) return corrupt("lz4");
  }
}

// --- snappy

// What Java's clients and their followers put in front; two versions (int32) follow.
constexpr std::uint8_t snappy_java_magic[] = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
constexpr std::size_t snappy_java_header_bytes = sizeof snappy_java_magic + 2 * sizeof(std::int32_t);

// One block; nullopt if it went well.
std::optional<Error> unsnap_block(ByteView block, Output& out, std::size_t bytes_max) {
  const auto* at = reinterpret_cast<const char*>(block.data());
  std::size_t bytes = 0;
  if (!snappy::GetUncompressedLength(at, block.size(), &bytes)) return corrupt("snappy");
  if (bytes > out.left()) return too_large(bytes_max);
  out.reserve(bytes);
  if (!snappy::RawUncompress(at, block.size(), reinterpret_cast<char*>(out.at()))) return corrupt("snappy");
  out.wrote(bytes);
  return std::nullopt;
}

Result<SharedBytes> unsnap(ByteView in, std::size_t bytes_max) {
  Output out(in.size(), bytes_max);
  if (in.size() < snappy_java_header_bytes ||
      std::memcmp(in.data(), snappy_java_magic, sizeof snappy_java_magic) != 0) {
    if (auto error = unsnap_block(in, out, bytes_max)) return *error;
    return out.take();
  }
  in = in.subspan(snappy_java_header_bytes);
  do {
    if (in.size() < sizeof(std::int32_t)) return corrupt("snappy");
    const auto length = load_big_endian<std::int32_t>(in.data());
    in = in.subspan(sizeof length);
    if (length < 0 || static_cast<std::size_t>(length) > in.size()) return corrupt("snappy");
    if (auto error = unsnap_block(in.first(static_cast<std::size_t>(length)), out, bytes_max)) return *error;
    in = in.subspan(static_cast<std::size_t>(length));
  } while (!in.empty());
  return out.take();
}

// --- zstd

// In one go into a room that is doubled until it suffices: a stream would need a window
// of its own, which a frame may claim to be 128 MiB.
Result<SharedBytes> unzstd(ByteView in, std::size_t bytes_max) {
  if (in.empty()) return corrupt("zstd");
  Output out(in.size(), bytes_max);
  const auto claimed = ZSTD_getFrameContentSize(in.data(), in.size());
  if (claimed == ZSTD_CONTENTSIZE_ERROR) return corrupt("zstd");
  if (claimed != ZSTD_CONTENTSIZE_UNKNOWN) {
    if (claimed > bytes_max) return too_large(bytes_max);
    out.reserve(claimed);
  }
  for (;;) {
    const auto bytes = ZSTD_decompress(out.at(), out.room(), in.data(), in.size());
    if (!ZSTD_isError(bytes)) {
      out.wrote(bytes);
      return out.full() ? Result<SharedBytes>(too_large(bytes_max)) : out.take();
    }
    if (ZSTD_getErrorCode(bytes) != ZSTD_error_dstSize_tooSmall) return corrupt("zstd");
    if (out.room() > bytes_max) return too_large(bytes_max);
    out.grow();
  }
}

} // namespace

Result<SharedBytes> decompress(Codec codec, ByteView compressed, std::size_t bytes_max) {
  if (compressed.size() > std::numeric_limits<std::int32_t>::max()) return too_large(bytes_max);
  const auto bound = decompressed_bytes_max(compressed.size(), bytes_max);
  switch (codec) {
  case Codec::none:
    if (compressed.size() > bound) return too_large(bound);
    return SharedBytes::copy_of(compressed);
  case Codec::gzip: return gunzip(compressed, bound);
  case Codec::snappy: return unsnap(compressed, bound);
  case Codec::lz4: return unlz4(compressed, bound);
  case Codec::zstd: return unzstd(compressed, bound);
  }
  return Error{ErrorCode::unsupported_compression_type, "The records are compressed by an unknown codec."};
}

} // namespace callboard
