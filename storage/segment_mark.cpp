#include "storage/segment_mark.h"

#include <fcntl.h>
#include <unistd.h>

#include "schema/crc32c.h"
#include "storage/keys.h"

namespace callboard::storage {
namespace {

constexpr std::uint32_t version = 1;
constexpr std::size_t slot_bytes = 512;
constexpr std::size_t mark_bytes = 76;

} // namespace

std::string mark_path(const std::string& segment_path) {
  return segment_path.substr(0, segment_path.rfind('.')) + ".mark";
}

std::string encode_mark(const SegmentMark& mark) {
  std::array<std::uint8_t, mark_bytes> out{};
  store_le(out.data(), version);
  store_le(out.data() + 8, mark.transaction);
  store_le(out.data() + 16, mark.last_page);
  store_table_root(out.data() + 24, mark.main);
  store_le(out.data() + mark_bytes - 4, crc32c(ByteView(out).first(mark_bytes - 4)));
  return std::string(text_of(out));
}

std::optional<SegmentMark> decode_mark(ByteView slot) {
  if (slot.size() < mark_bytes || load_le<std::uint32_t>(slot.data()) != version) return std::nullopt;
  if (load_le<std::uint32_t>(slot.data() + mark_bytes - 4) != crc32c(slot.first(mark_bytes - 4))) return std::nullopt;
  return SegmentMark{load_le<std::uint64_t>(slot.data() + 8), load_le<std::uint64_t>(slot.data() + 16),
                     read_table_root(slot.data() + 24)};
}

std::optional<SegmentMark> load_mark(const std::string& path) {
  const auto file = File::open(path, O_RDONLY);
  if (!file) return std::nullopt;
  std::optional<SegmentMark> newest;
  for (std::uint64_t slot = 0; slot < 2; ++slot) {
    std::array<std::uint8_t, mark_bytes> bytes;
    if (!file.value().read_at(slot * slot_bytes, bytes)) continue;
    const auto mark = decode_mark(bytes);
    if (mark && (!newest || mark->transaction > newest->transaction)) newest = mark;
  }
  return newest;
}

Status store_mark(const std::string& path, const SegmentMark& mark) {
  const auto known = load_mark(path);
  if (known && known->transaction == mark.transaction) return ok_status();
  const bool fresh = ::access(path.c_str(), F_OK) != 0;
  auto file = File::open(path, O_RDWR | O_CREAT);
  if (!file) return file.error();
  const auto newer_in_second = [&]() -> bool {
    std::array<std::uint8_t, mark_bytes> second;
    if (!known || !file->read_at(slot_bytes, second)) return false;
    const auto decoded = decode_mark(second);
    return decoded && decoded->transaction == known->transaction;
  };
  const auto at = known && !newer_in_second() ? slot_bytes : 0;
  if (auto written = file->write_at(at, bytes_of(encode_mark(mark))); !written) return written;
  if (auto synced = file->sync(); !synced) return synced;
  return fresh ? sync_directory(directory_of(path)) : ok_status();
}

} // namespace callboard::storage
