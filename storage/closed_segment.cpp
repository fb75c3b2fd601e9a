#include "storage/closed_segment.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>

#include "schema/crc32c.h"
#include "storage/segment_check.h"
#include "storage/tree_snapshot.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

namespace callboard::storage {
namespace {

constexpr std::size_t populate_bytes_min = 16 << 10; // below it a few page faults cost less than the call

Error damaged(const std::string& path, std::string_view what) {
  return {ErrorCode::corrupt_storage, path + " is damaged: " + std::string(what)};
}

// Pages out of the map.
class MapPages final : public PageSource {
public:
  explicit MapPages(SegmentMap::Ref map) : map_(std::move(map)) {}
  std::uint64_t file_bytes() const override { return map_->range().bytes; }
  const std::string& path() const override { return map_->path(); }

  Status read(std::uint64_t at, std::span<std::uint8_t> out) override {
    if (out.empty()) return ok_status();
    if (auto good = map_->ensure(at, out.size()); !good) return good;
    return map_->copy(at, out);
  }
  Result<SharedBytes> batch(std::uint64_t at, std::size_t bytes) override {
    if (auto good = map_->ensure(at, bytes); !good) return good.error();
    if (bytes >= populate_bytes_min) map_->populate({map_->range().base + at, bytes});
    return SharedBytes({map_->range().base + at, bytes}, map_.get());
  }

private:
  SegmentMap::Ref map_;
};

class MapSnapshot final : public SegmentSnapshot {
public:
  explicit MapSnapshot(SegmentMap::Ref map) : pages_(std::move(map)) {}
  Status open() {
    auto tree = PageTree::open(pages_, MetaCheck::any); // which chunk CRCs vouch for
    if (!tree) return tree.error();
    return tables_.open(*tree);
  }
  RowCursor& entries() override { return tables_.entries(); }
  RowCursor& index() override { return tables_.index(); }

private:
  MapPages pages_;
  TreeSnapshot tables_;
};

} // namespace

Result<SegmentMap::Ref> SegmentMap::open(const std::string& path) {
  auto file = File::open(path, O_RDONLY);
  if (!file) return Error{ErrorCode::corrupt_storage, file.error().message};
  const auto size = file->size();
  if (!size) return size.error();
  if (*size == 0) return damaged(path, "it is empty");
  void* base = ::mmap(nullptr, *size, PROT_READ, MAP_SHARED, file->fd(), 0);
  if (base == MAP_FAILED) return io_error(errno, "map", path);
  return Ref(new SegmentMap(path, {static_cast<const std::uint8_t*>(base), *size}));
}

SegmentMap::~SegmentMap() {
  ::munmap(const_cast<std::uint8_t*>(range_.base), range_.bytes);
}

ByteView SegmentMap::chunk(std::size_t number) const {
  const auto at = number * sidecar_chunk_bytes;
  return {range_.base + at, std::min<std::size_t>(sidecar_chunk_bytes, range_.bytes - at)};
}

// Older kernels do not know it; then pages fault in one by one.
void SegmentMap::populate(ByteView part) const {
  const auto start = reinterpret_cast<std::uintptr_t>(part.data()) / page_bytes * page_bytes;
  const auto end = reinterpret_cast<std::uintptr_t>(part.data() + part.size());
  ::madvise(reinterpret_cast<void*>(start), end - start, MADV_POPULATE_READ);
}

Result<std::uint32_t> SegmentMap::crc(ByteView part, std::uint32_t seed) const {
  if (part.size() >= populate_bytes_min) populate(part);
  std::uint32_t crc = 0;
  if (!guarded(range_, [&] { crc = crc32c(part, seed); })) return damaged(path_, "it was cut or cannot be read");
  return crc;
}

Status SegmentMap::copy(std::uint64_t at, std::span<std::uint8_t> out) const {
  if (at > range_.bytes || out.size() > range_.bytes - at) return damaged(path_, "it ends too early");
  if (!guarded(range_, [&] { std::memcpy(out.data(), range_.base + at, out.size()); }))
    return damaged(path_, "it was cut or cannot be read");
  return ok_status();
}

void SegmentMap::expect(std::vector<std::uint32_t> crcs, bool computed) {
  crcs_ = std::move(crcs);
  checked_ = std::vector<std::atomic<bool>>(crcs_.size());
  for (auto& checked : checked_) checked.store(computed, std::memory_order_relaxed);
}

Status SegmentMap::ensure(std::uint64_t at, std::uint64_t bytes) {
  if (at > range_.bytes || bytes > range_.bytes - at) return damaged(path_, "it ends too early");
  if (bytes == 0) return ok_status();
  for (auto i = at / sidecar_chunk_bytes; i <= (at + bytes - 1) / sidecar_chunk_bytes; ++i) {
    if (checked_[i].load(std::memory_order_acquire)) continue;
    const auto found = crc(chunk(i));
    if (!found) return found.error();
    if (*found != crcs_[i]) return damaged(path_, "chunk " + std::to_string(i) + " does not match its sidecar");
    checked_[i].store(true, std::memory_order_release);
  }
  return ok_status();
}

ClosedSegment::~ClosedSegment() {
  SegmentMap::Ref owned(map_.load());
}

Result<SegmentMap::Ref> ClosedSegment::map() const {
  if (auto* known = map_.load(std::memory_order_acquire)) {
    known->retain();
    return SegmentMap::Ref(known);
  }
  auto sidecar = load_sidecar(sidecar_path(path()));
  if (!sidecar) return sidecar.error();
  if (sidecar->group != group_ || sidecar->segment != id_) return damaged(path(), "its sidecar is of another segment");
  auto opened = SegmentMap::open(path());
  if (!opened) return opened.error();
  auto map = *opened;
  if (map->range().bytes != sidecar->file_bytes)
    return damaged(path(), "it has " + std::to_string(map->range().bytes) + " bytes instead of " +
                               std::to_string(sidecar->file_bytes));
  map->expect(std::move(sidecar->chunk_crcs), false);
  SegmentMap* none = nullptr;
  map->retain();
  if (!map_.compare_exchange_strong(none, map.get(), std::memory_order_acq_rel)) {
    map->release(); // another reader was first; this map serves one read
  }
  return map;
}

Result<std::unique_ptr<SegmentSnapshot>> ClosedSegment::snapshot() const {
  auto opened = map();
  if (!opened) return opened.error();
  auto snapshot = std::make_unique<MapSnapshot>(*opened);
  if (auto good = snapshot->open(); !good) return good.error();
  return std::unique_ptr<SegmentSnapshot>(std::move(snapshot));
}

Result<RawRows> ClosedSegment::state() const {
  auto opened = map();
  if (!opened) return opened.error();
  MapPages pages(*opened);
  auto tree = PageTree::open(pages, MetaCheck::any);
  if (!tree) return tree.error();
  auto stored = read_state(*tree);
  if (!stored) return stored.error();
  return std::move(stored->state);
}

std::string sidecar_path(const std::string& path) {
  return path.substr(0, path.rfind('.')) + ".sum";
}

} // namespace callboard::storage
