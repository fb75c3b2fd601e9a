#pragma once

#include <optional>
#include <string>

#include "storage/page_tree.h"
#include "storage/segment.h"
#include "storage/segment_mark.h"

namespace callboard::storage {

// What the state table of a file says, read by its pages, every row's CRC checked.
struct StoredState {
  SegmentHeader header;
  RawRows state; // with "!applied", without "!segment"
};
Result<StoredState> read_state(PageTree& tree);

// The first thing done with a file that LMDB is to open for writing: its page
// structure, that it is this segment, its state rows. Never faults, whatever the bytes.
Result<StoredState> vet_segment(PageSource& source, GroupId group, const SegmentInfo& info);

// There are commits that were not flushed when the last life ended.
bool has_unflushed(const std::string& path);
// The flushed tree that the segment at `path` must go back to, since the machine lost
// power after commits that were not flushed; nullopt: the file stands as it is.
std::optional<SegmentMark> fallback_of(const std::string& path, std::uint64_t unclean_boots);

// Copies what the torn segment held at `mark` into a new one at `path`.
Result<ActiveSegment::Opened> rebuild_segment(const std::string& torn, const SegmentMark& mark, const std::string& path,
                                              GroupId group, const SegmentInfo& info, const SegmentOptions& options);

// `callboard verify-segment FILE`: checks every page and every entry of a stopped node's
// segment and prints what it found. The exit status: 0 whole, 1 not.
int verify_segment_main(const std::string& path);

} // namespace callboard::storage
