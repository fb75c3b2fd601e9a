#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/mapped_guard.h"
#include "storage/page_tree.h"
#include "storage/segment.h"
#include "storage/sidecar.h"

namespace callboard::storage {

// A read-only map of a segment's file; slices of it keep it alive. With a sidecar, a
// chunk is checked before the first byte of it is used. Any thread.
class SegmentMap final : public ByteOwner {
public:
  // One reference on a map.
  class Ref {
  public:
    Ref() = default;
    explicit Ref(SegmentMap* map) : map_(map) {} // takes over one reference
    Ref(const Ref& other) : map_(other.map_) {
      if (map_) map_->retain();
    }
    Ref(Ref&& other) noexcept : map_(other.release()) {}
    Ref& operator=(Ref other) noexcept {
      std::swap(map_, other.map_);
      return *this;
    }
    ~Ref() {
      if (map_) map_->release();
    }
    SegmentMap* operator->() const { return map_; }
    SegmentMap* get() const { return map_; }
    SegmentMap* release() { return std::exchange(map_, nullptr); }

  private:
    SegmentMap* map_ = nullptr;
  };

  static Result<Ref> open(const std::string& path);

  // CRC-32C of `part`, a piece of the map, after what `seed` is the CRC of. Error:
  // corrupt_storage if a page of it cannot be read.
  Result<std::uint32_t> crc(ByteView part, std::uint32_t seed = 0) const;
  // Unchecked bytes of the file. Error: as above.
  Status copy(std::uint64_t at, std::span<std::uint8_t> out) const;
  ByteView chunk(std::size_t number) const;
  std::size_t chunks() const { return (range_.bytes + sidecar_chunk_bytes - 1) / sidecar_chunk_bytes; }
  // What the chunks must be. `computed`: the CRCs are those of this very map.
  void expect(std::vector<std::uint32_t> crcs, bool computed);

  // Checks what is not yet checked of [at, at + bytes).
  Status ensure(std::uint64_t at, std::uint64_t bytes);
  // Reads `part` in, so that nobody downstream waits for the disk.
  void populate(ByteView part) const;
  const MapRange& range() const { return range_; }
  const std::string& path() const { return path_; }

private:
  SegmentMap(std::string path, MapRange range) : path_(std::move(path)), range_(range) {}
  ~SegmentMap() override;

  std::string path_;
  MapRange range_;
  std::vector<std::uint32_t> crcs_;
  std::vector<std::atomic<bool>> checked_;
};

// A segment that takes no more writes. Read by its pages, without LMDB: every page is
// checked before it is used, no descriptor stays open, slices go out without a copy.
// Mapped on first touch.
class ClosedSegment final : public Segment {
public:
  ClosedSegment(std::string path, GroupId group, SegmentId id) : Segment(std::move(path)), group_(group), id_(id) {}
  // With the map whose CRCs were just computed. `writable` is what it was.
  ClosedSegment(std::string path, GroupId group, SegmentId id, SegmentMap::Ref map,
                std::weak_ptr<ActiveSegment> writable)
    : Segment(std::move(path)), group_(group), id_(id), writable_(std::move(writable)), map_(map.release()) {}
  ~ClosedSegment() override;

  Result<std::unique_ptr<SegmentSnapshot>> snapshot() const override;
  Result<RawRows> state() const;

  // The writable segment that it was, if a reader still holds that.
  std::shared_ptr<ActiveSegment> writable() const { return writable_.lock(); }

private:
  Result<SegmentMap::Ref> map() const;

  GroupId group_;
  SegmentId id_;
  std::weak_ptr<ActiveSegment> writable_;
  mutable std::atomic<SegmentMap*> map_{nullptr}; // owns one reference
};

// Where the sidecar of the segment at `path` lies.
std::string sidecar_path(const std::string& path);

} // namespace callboard::storage
