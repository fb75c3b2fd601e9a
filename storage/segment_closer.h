#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "storage/closed_segment.h"

namespace callboard::storage {

// Computes and stores the sidecar of a segment that takes no more writes, a piece at a
// time so that it can share a thread with commits. Where batches are large, chunk CRCs
// are put together from those that the batches carry: their bytes are not read again.
class SegmentCloser {
public:
  SegmentCloser(std::shared_ptr<ActiveSegment> segment, GroupId group, SegmentId id);
  ~SegmentCloser();

  // The closed segment once done, its sidecar durable; null: call again. Error:
  // corrupt_storage if an entry is damaged or a page cannot be read.
  Result<std::shared_ptr<ClosedSegment>> step();
  std::uint64_t file_bytes() const { return map_.get() ? map_->range().bytes : 0; }
  const SegmentTail& tail() const { return segment_->tail(); }

private:
  class BatchList;

  bool batches_are_large() const;
  Result<std::uint32_t> chunk_crc(std::size_t chunk) const;

  std::shared_ptr<ActiveSegment> segment_;
  GroupId group_;
  SegmentId id_;
  SegmentMap::Ref map_;
  std::unique_ptr<BatchList> batches_; // null: every byte is read
  std::vector<std::uint32_t> crcs_;
};

} // namespace callboard::storage
