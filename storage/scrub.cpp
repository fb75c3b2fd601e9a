#include "storage/scrub.h"

#include <algorithm>
#include <fcntl.h>
#include <utility>

#include "schema/crc32c.h"
#include "storage/closed_segment.h"
#include "storage/segment.h"

namespace callboard::storage {
namespace {

Error damaged(const std::string& path, const std::string& what) {
  return {ErrorCode::corrupt_storage, path + " is damaged: " + what + "; restore this replica from its peers"};
}

const SegmentInfo* closed_behind(const Manifest& manifest, RaftIndex index) {
  const auto found = std::find_if(manifest.segments.begin(), manifest.segments.end(),
                                  [&](const SegmentInfo& info) { return info.closed && info.first_index > index; });
  return found == manifest.segments.end() ? nullptr : &*found;
}

} // namespace

Result<Scrubber::Step> Scrubber::step() {
  return segment_ ? next_chunk() : next_segment();
}

std::string Scrubber::position() const {
  if (!segment_) return begun_ ? "between two segments" : std::string();
  return "group " + std::to_string(group_.value) + ", segment " + std::to_string(segment_->info.id.value) + ", chunk " +
         std::to_string(segment_->chunk) + " of " + std::to_string(segment_->crcs.size());
}

Result<Scrubber::Step> Scrubber::next_segment() {
  if (begun_) {
    auto record = state_.read(group_);
    if (!record) return record.error();
    const auto* info = *record ? closed_behind((*record)->manifest, looked_at_) : nullptr;
    if (info != nullptr) return begin(*info);
  }
  auto next = state_.next(begun_ ? group_ : GroupId{});
  if (!next) return next.error();
  begun_ = next->has_value();
  looked_at_ = {};
  group_ = begun_ ? (*next)->group : GroupId{};
  return Step{0, !begun_, {}};
}

Result<Scrubber::Step> Scrubber::begin(const SegmentInfo& info) {
  looked_at_ = info.first_index;
  const auto path = segment_path(directory_ + "/groups/" + hex16(group_.value), info.id);
  segment_ = Segment{info, path, {}, {}};
  auto sidecar = load_sidecar(sidecar_path(path));
  if (!sidecar) return found(sidecar.error());
  auto file = File::open(path, O_RDONLY);
  if (!file) return found(file.error());
  auto size = file->size();
  if (!size) return found(size.error());
  if (*size != info.bytes || sidecar->file_bytes != info.bytes || sidecar->group != group_ ||
      sidecar->segment != info.id)
    return found(damaged(path, "it has " + std::to_string(*size) + " bytes instead of " + std::to_string(info.bytes) +
                                   ", or its sidecar is another's"));
  segment_->crcs = std::move(sidecar->chunk_crcs);
  segment_->file = std::move(*file);
  return Step{};
}

Result<Scrubber::Step> Scrubber::next_chunk() {
  auto& segment = *segment_;
  if (segment.chunk == segment.crcs.size()) {
    segment_.reset();
    return Step{};
  }
  const auto at = segment.chunk * sidecar_chunk_bytes;
  const auto bytes = std::min(sidecar_chunk_bytes, segment.info.bytes - at);
  buffer_.resize(sidecar_chunk_bytes);
  const std::span<std::uint8_t> chunk(buffer_.data(), bytes);
  // Of clean pages in the cache that nobody has mapped the disk's are read instead.
  static_cast<void>(
      ::posix_fadvise(segment.file.fd(), static_cast<off_t>(at), static_cast<off_t>(bytes), POSIX_FADV_DONTNEED));
  if (auto read = segment.file.read_at(at, chunk); !read) return found(read.error());
  static_cast<void>(
      ::posix_fadvise(segment.file.fd(), static_cast<off_t>(at), static_cast<off_t>(bytes), POSIX_FADV_DONTNEED));
  if (crc32c(chunk) != segment.crcs[segment.chunk])
    return found(damaged(segment.path, "bytes " + std::to_string(at) + " to " + std::to_string(at + bytes) +
                                           " do not match their checksum"));
  ++segment.chunk;
  return Step{bytes, false, {}};
}

// Unless the segment has meanwhile been dropped, compacted or taken up again for writing.
Result<Scrubber::Step> Scrubber::found(Error error) {
  const auto info = segment_->info;
  segment_.reset();
  auto record = state_.read(group_);
  if (!record) return record.error();
  if (!*record) return Step{};
  const auto& segments = (*record)->manifest.segments;
  if (std::find(segments.begin(), segments.end(), info) == segments.end()) return Step{};
  looked_at_ = segments.back().first_index; // the rest of the group is made anew, or is found next time
  return Step{0, false, ScrubFinding{group_, std::move(error)}};
}

} // namespace callboard::storage
