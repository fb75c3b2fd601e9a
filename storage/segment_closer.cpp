#include "storage/segment_closer.h"

#include <algorithm>

#include "schema/crc32c.h"
#include "schema/record_batch.h"
#include "storage/sidecar.h"
#include "storage/tree_snapshot.h"

namespace callboard::storage {
namespace {

constexpr std::size_t chunks_per_step = 8;
constexpr std::size_t entries_per_step = 2048;
constexpr std::size_t batch_bytes_min = 16 << 10; // below it reading costs no more than joining

// Bytes of the file whose CRC is known.
struct KnownCrc {
  std::uint64_t at = 0;
  std::uint64_t bytes = 0;
  std::uint32_t crc = 0;
  std::uint64_t end() const { return at + bytes; }
};

// The pages of a map that has no sidecar yet. A batch is not fetched but noted, with the
// CRC in its header.
class NotingPages final : public PageSource {
public:
  explicit NotingPages(SegmentMap::Ref map) : map_(std::move(map)) {}
  std::uint64_t file_bytes() const override { return map_->range().bytes; }
  const std::string& path() const override { return map_->path(); }
  Status read(std::uint64_t at, std::span<std::uint8_t> out) override { return map_->copy(at, out); }

  Result<SharedBytes> batch(std::uint64_t at, std::size_t bytes) override {
    std::array<std::uint8_t, batch_crc_from> head{};
    if (auto copied = map_->copy(at, head); !copied) return copied.error();
    known_.push_back({at + batch_crc_from, bytes - batch_crc_from, batch_crc(head)});
    return SharedBytes();
  }

  std::vector<KnownCrc>& known() { return known_; }

private:
  SegmentMap::Ref map_;
  std::vector<KnownCrc> known_;
};

} // namespace

// Where the large batches of a segment lie, found a piece at a time.
class SegmentCloser::BatchList {
public:
  BatchList(const SegmentMap::Ref& map, GroupId group) : pages_(map), walker_(tables_, group, map->path()) {}

  Status open() {
    auto tree = PageTree::open(pages_, MetaCheck::any);
    if (!tree) return tree.error();
    if (auto opened = tables_.open(*tree); !opened) return opened;
    auto any = walker_.seek_index(RaftIndex{});
    if (!any) return any.error();
    complete_ = !*any;
    return ok_status();
  }

  bool complete() const { return complete_; }

  Status step() {
    for (std::size_t i = 0; i < entries_per_step && !complete_; ++i) {
      auto more = walker_.next();
      if (!more) return more.error();
      complete_ = !*more;
      if (complete_ || walker_.entry().type != EntryType::batch || walker_.payload_bytes() < batch_bytes_min) continue;
      if (auto noted = walker_.payload(); !noted) return noted.error();
    }
    if (complete_) std::ranges::sort(pages_.known(), {}, &KnownCrc::at);
    return ok_status();
  }

  // Those that lie wholly in [from, to), in order.
  std::span<const KnownCrc> within(std::uint64_t from, std::uint64_t to) {
    const auto& known = pages_.known();
    const auto first = std::ranges::lower_bound(known, from, {}, &KnownCrc::at);
    const auto last = std::ranges::find_if(first, known.end(), [to](const KnownCrc& k) { return k.end() > to; });
    return {first, last};
  }

private:
  NotingPages pages_;
  TreeSnapshot tables_;
  EntryWalker walker_;
  bool complete_ = false;
};

SegmentCloser::SegmentCloser(std::shared_ptr<ActiveSegment> segment, GroupId group, SegmentId id)
  : segment_(std::move(segment)), group_(group), id_(id) {}
SegmentCloser::~SegmentCloser() = default;

bool SegmentCloser::batches_are_large() const {
  const auto entries = segment_->tail().next_index.value - segment_->info().first_index.value;
  return entries > 0 && segment_->tail().payload_bytes / entries >= batch_bytes_min;
}

Result<std::uint32_t> SegmentCloser::chunk_crc(std::size_t chunk) const {
  const auto bytes = map_->chunk(chunk);
  const auto start = static_cast<std::uint64_t>(bytes.data() - map_->range().base);
  std::uint64_t at = start;
  std::uint32_t crc = 0;
  const auto read_up_to = [&](std::uint64_t end) -> Status {
    const auto read = map_->crc(bytes.subspan(at - start, end - at), crc);
    if (!read) return read.error();
    crc = *read;
    at = end;
    return ok_status();
  };
  if (batches_) {
    for (const auto& known : batches_->within(start, start + bytes.size())) {
      if (auto read = read_up_to(known.at); !read) return read.error();
      crc = crc32c_join(crc, known.crc, known.bytes);
      at = known.end();
    }
  }
  if (auto read = read_up_to(start + bytes.size()); !read) return read.error();
  return crc;
}

Result<std::shared_ptr<ClosedSegment>> SegmentCloser::step() {
  if (map_.get() == nullptr) {
    auto opened = SegmentMap::open(segment_->path());
    if (!opened) return opened.error();
    map_ = *opened;
    if (batches_are_large()) {
      batches_ = std::make_unique<BatchList>(map_, group_);
      if (auto listed = batches_->open(); !listed) return listed.error();
    }
  }
  if (batches_ && !batches_->complete()) {
    if (auto listed = batches_->step(); !listed) return listed.error();
    return std::shared_ptr<ClosedSegment>();
  }
  for (std::size_t i = 0; i < chunks_per_step && crcs_.size() < map_->chunks(); ++i) {
    const auto crc = chunk_crc(crcs_.size());
    if (!crc) return crc.error();
    crcs_.push_back(*crc);
  }
  if (crcs_.size() < map_->chunks()) return std::shared_ptr<ClosedSegment>();
  const Sidecar sidecar{group_, id_, map_->range().bytes, crcs_};
  if (auto stored = store_sidecar(sidecar_path(segment_->path()), sidecar); !stored) return stored.error();
  const bool all_read = batches_ == nullptr; // otherwise the first to read a chunk checks it
  map_->expect(crcs_, all_read);
  return std::make_shared<ClosedSegment>(segment_->path(), group_, id_, map_, segment_);
}

} // namespace callboard::storage
