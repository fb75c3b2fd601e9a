#pragma once

#include <string>

#include "storage/page_tree.h"
#include "storage/segment.h"

namespace callboard::storage {

// What the state table of a file says, read by its pages, every row's CRC checked.
struct StoredState {
  SegmentHeader header;
  RawRows state; // with "!applied", without "!segment"
};
Result<StoredState> read_state(PageTree& tree);

// The first thing done with a file that LMDB is to open for writing: its page
// structure, that it is this segment, its state rows; every entry as well if an unclean
// boot may have torn it. Never faults, whatever the bytes.
Result<StoredState> vet_segment(PageSource& source, GroupId group, const SegmentInfo& info,
                                const SegmentOptions& options);

// Copies what is readable of a torn segment into a new one: the entries up to the first
// damage, and the state if it is whole and not past them, else `older_state`.
Result<ActiveSegment::Opened> rebuild_segment(const std::string& torn, const std::string& path, GroupId group,
                                              const SegmentInfo& info, const SegmentOptions& options,
                                              const RawRows& older_state);

// `callboard verify-segment FILE`: checks every page and every entry of a stopped node's
// segment and prints what it found. The exit status: 0 whole, 1 not.
int verify_segment_main(const std::string& path);

} // namespace callboard::storage
