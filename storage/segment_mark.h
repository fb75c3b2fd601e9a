#pragma once

#include <optional>
#include <string>

#include "schema/result.h"
#include "storage/page_tree.h"

// Where the last flush of an `interval` segment left its tree, in a file SEGMENT.mark
// beside it. LMDB without sync overwrites both meta pages and uses old pages again while
// nothing orders what reaches the disk: after a power cut no meta page can be trusted,
// and a stale page looks like a good one. The pages of the marked tree are on the disk,
// and a reader keeps LMDB from using them again until the next mark.
// A mark is there exactly while there may be commits that were not flushed; it counts
// once the machine has lost power since (`boots`), else the page cache has it all.
//   two slots of 512 bytes, written in turn, the newer whole one counts:
//   version u32 | zero u32 | boots u64 | transaction u64 | last page u64 | LMDB's root of
//   the main table, 48 bytes | CRC-32C of all before u32
namespace callboard::storage {

struct SegmentMark {
  std::uint64_t boots = 0; // unclean boots of the node so far
  TreeMark tree;
};

std::string mark_path(const std::string& segment_path);
std::string encode_mark(const SegmentMark& mark);
// nullopt: damaged, or not there.
std::optional<SegmentMark> decode_mark(ByteView slot);
std::optional<SegmentMark> load_mark(const std::string& path);
// Both are durable when they return.
Status store_mark(const std::string& path, const SegmentMark& mark);
Status remove_mark(const std::string& path);

} // namespace callboard::storage
