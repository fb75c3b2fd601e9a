#include "storage/segment_mark.h"

#include <fcntl.h>
#include <unistd.h>

#include "schema/crc32c.h"
#include "storage/keys.h"

namespace callboard::storage {
namespace {

constexpr std::uint32_t version = 1;
constexpr std::size_t slot_bytes = 512;
constexpr std::size_t mark_bytes = 84;

using Slots = std::array<std::optional<SegmentMark>, 2>;

Slots read_slots(const File& file) {
  Slots slots;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    std::array<std::uint8_t, mark_bytes> bytes{};
    if (file.read_at(i * slot_bytes, bytes)) slots[i] = decode_mark(bytes);
  }
  return slots;
}

bool later(const SegmentMark& a, const SegmentMark& b) {
  return std::pair(a.boots, a.tree.transaction) < std::pair(b.boots, b.tree.transaction);
}

std::optional<SegmentMark> newest(const Slots& slots) {
  if (!slots[0] || !slots[1]) return slots[0] ? slots[0] : slots[1];
  return later(*slots[0], *slots[1]) ? slots[1] : slots[0];
}

} // namespace

std::string mark_path(const std::string& segment_path) {
  return segment_path.substr(0, segment_path.rfind('.')) + ".mark";
}

std::string encode_mark(const SegmentMark& mark) {
  std::array<std::uint8_t, mark_bytes> out{};
  store_le(out.data(), version);
  store_le(out.data() + 8, mark.boots);
  store_le(out.data() + 16, mark.tree.transaction);
  store_le(out.data() + 24, mark.tree.last_page);
  store_table_root(out.data() + 32, mark.tree.main);
  store_le(out.data() + mark_bytes - 4, crc32c(ByteView(out).first(mark_bytes - 4)));
  return std::string(text_of(out));
}

std::optional<SegmentMark> decode_mark(ByteView slot) {
  if (slot.size() < mark_bytes || load_le<std::uint32_t>(slot.data()) != version) return std::nullopt;
  if (load_le<std::uint32_t>(slot.data() + mark_bytes - 4) != crc32c(slot.first(mark_bytes - 4))) return std::nullopt;
  return SegmentMark{load_le<std::uint64_t>(slot.data() + 8),
                     {load_le<std::uint64_t>(slot.data() + 16), load_le<std::uint64_t>(slot.data() + 24),
                      read_table_root(slot.data() + 32)}};
}

std::optional<SegmentMark> load_mark(const std::string& path) {
  const auto file = File::open(path, O_RDONLY);
  return file ? newest(read_slots(file.value())) : std::nullopt;
}

Status store_mark(const std::string& path, const SegmentMark& mark) {
  const bool fresh = ::access(path.c_str(), F_OK) != 0;
  auto file = File::open(path, O_RDWR | O_CREAT);
  if (!file) return file.error();
  const auto slots = read_slots(*file);
  const auto known = newest(slots);
  if (known && !later(*known, mark)) return ok_status();
  const bool second_is_newer = slots[1] && (!slots[0] || later(*slots[0], *slots[1]));
  const auto at = slots[0] && !second_is_newer ? slot_bytes : 0;
  if (auto written = file->write_at(at, bytes_of(encode_mark(mark))); !written) return written;
  if (auto synced = file->sync(); !synced) return synced;
  return fresh ? sync_directory(directory_of(path)) : ok_status();
}

Status remove_mark(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0) return ok_status();
  if (auto removed = remove_file(path); !removed) return removed;
  return sync_directory(directory_of(path));
}

} // namespace callboard::storage
