#pragma once

#include <optional>
#include <string>

#include "schema/result.h"
#include "storage/page_tree.h"

// Where the last flush of an `interval` segment left its tree, in a file SEGMENT.mark
// beside it. LMDB without sync overwrites both meta pages while their trees are still
// on the way to the disk, so after a power cut neither may be whole. The pages of the
// marked tree are: they were flushed, and a reader keeps LMDB from using them again.
//   two slots of 512 bytes, written in turn, the newer whole one counts:
//   version u32 | zero u32 | transaction u64 | last page u64 | LMDB's root of the main
//   table, 48 bytes | CRC-32C of all before u32
namespace callboard::storage {

std::string mark_path(const std::string& segment_path);
std::string encode_mark(const SegmentMark& mark);
// nullopt: damaged, or not there.
std::optional<SegmentMark> decode_mark(ByteView slot);
std::optional<SegmentMark> load_mark(const std::string& path);
// Durable when it returns.
Status store_mark(const std::string& path, const SegmentMark& mark);

} // namespace callboard::storage
