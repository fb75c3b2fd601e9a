#include "storage/sidecar.h"

#include <fcntl.h>

#include "schema/crc32c.h"
#include "storage/file.h"
#include "storage/keys.h"

namespace callboard::storage {
namespace {

constexpr std::uint32_t magic = 0x4D534243; // "CBSM"
constexpr std::uint32_t version = 1;
constexpr std::size_t header_bytes = 40;

Error damaged(const std::string& path) {
  return {ErrorCode::corrupt_storage,
          path + " is damaged, so its segment cannot be trusted; " + "restore this replica from its peers"};
}

} // namespace

std::string encode_sidecar(const Sidecar& sidecar) {
  const auto count = sidecar.chunk_crcs.size();
  std::vector<std::uint8_t> out(header_bytes + 4 * count + 4);
  store_le(out.data(), magic);
  store_le(out.data() + 4, version);
  store_le(out.data() + 8, sidecar.group.value);
  store_le(out.data() + 16, sidecar.segment.value);
  store_le(out.data() + 24, sidecar.file_bytes);
  store_le(out.data() + 32, static_cast<std::uint32_t>(sidecar_chunk_bytes));
  store_le(out.data() + 36, static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) store_le(out.data() + header_bytes + 4 * i, sidecar.chunk_crcs[i]);
  store_le(out.data() + out.size() - 4, crc32c(ByteView(out).first(out.size() - 4)));
  return std::string(text_of(out));
}

Result<Sidecar> decode_sidecar(ByteView bytes, const std::string& path) {
  if (bytes.size() < header_bytes + 4 || load_le<std::uint32_t>(bytes.data()) != magic) return damaged(path);
  if (load_le<std::uint32_t>(bytes.data() + bytes.size() - 4) != crc32c(bytes.first(bytes.size() - 4)))
    return damaged(path);
  if (load_le<std::uint32_t>(bytes.data() + 4) > version)
    return Error{ErrorCode::newer_format, path + " was written by a newer Callboard; start that version"};
  Sidecar sidecar;
  sidecar.group = GroupId(load_le<std::uint64_t>(bytes.data() + 8));
  sidecar.segment = SegmentId(load_le<std::uint64_t>(bytes.data() + 16));
  sidecar.file_bytes = load_le<std::uint64_t>(bytes.data() + 24);
  const std::uint64_t count = load_le<std::uint32_t>(bytes.data() + 36);
  const bool fits = load_le<std::uint32_t>(bytes.data() + 32) == sidecar_chunk_bytes &&
                    bytes.size() == header_bytes + 4 * count + 4 &&
                    count == (sidecar.file_bytes + sidecar_chunk_bytes - 1) / sidecar_chunk_bytes;
  if (!fits) return damaged(path);
  for (std::size_t i = 0; i < count; ++i)
    sidecar.chunk_crcs.push_back(load_le<std::uint32_t>(bytes.data() + header_bytes + 4 * i));
  return sidecar;
}

Result<Sidecar> load_sidecar(const std::string& path) {
  auto file = File::open(path, O_RDONLY);
  if (!file) return Error{ErrorCode::corrupt_storage, file.error().message};
  const auto size = file->size();
  if (!size) return size.error();
  std::vector<std::uint8_t> bytes(*size);
  if (auto got = file->read_at(0, bytes); !got) return got.error();
  return decode_sidecar(bytes, path);
}

Status store_sidecar(const std::string& path, const Sidecar& sidecar) {
  return replace_file(path, bytes_of(encode_sidecar(sidecar)));
}

} // namespace callboard::storage
