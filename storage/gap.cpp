#include "storage/gap.h"

#include <algorithm>
#include <array>
#include <limits>

#include "schema/record_filter.h"
#include "storage/keys.h"

namespace callboard::storage {
namespace {

void set_span(LogEntry& gap, std::uint32_t span) {
  std::array<std::uint8_t, sizeof span> bytes{};
  store_le(bytes.data(), span);
  gap.span = span;
  gap.payload = SharedBytes::copy_of(ByteView(bytes));
}

// The entry of `gap` with this index: each has one offset, the last one the rest.
LogEntry empty_entry(const LogEntry& gap, RaftIndex index) {
  const auto before = static_cast<std::int32_t>(index.value - gap.index.value);
  const bool last = index.next() == gap.next_index();
  LogEntry entry;
  entry.index = index;
  entry.term = gap.term;
  entry.base_offset = gap.base_offset.plus(before);
  entry.offset_count = last ? gap.offset_count - before : 1;
  BatchHeader header;
  header.base_offset = entry.base_offset;
  header.leader_epoch = gap.term;
  header.last_offset_delta = entry.offset_count - 1;
  entry.payload = empty_batch(header);
  return entry;
}

} // namespace

LogEntry gap_of(const LogEntry& batch) {
  auto gap = batch;
  gap.type = EntryType::gap;
  gap.max_timestamp = no_timestamp;
  set_span(gap, 1);
  return gap;
}

bool join_gaps(LogEntry& gap, const LogEntry& next) {
  const auto offsets = std::int64_t{gap.offset_count} + next.offset_count;
  const auto span = std::uint64_t{gap.span} + next.span;
  if (gap.term != next.term || gap.next_index() != next.index || gap.next_offset() != next.base_offset) return false;
  if (offsets > std::numeric_limits<std::int32_t>::max() || span > std::numeric_limits<std::uint32_t>::max())
    return false;
  gap.offset_count = static_cast<std::int32_t>(offsets);
  set_span(gap, static_cast<std::uint32_t>(span));
  return true;
}

bool expand_gap(const LogEntry& gap, RaftIndex from, RaftIndex last, std::size_t bytes_max, std::size_t& bytes,
                std::vector<LogEntry>& entries) {
  for (auto index = std::max(from, gap.index); index < gap.next_index(); index = index.next()) {
    if (index > last || (!entries.empty() && bytes + batch_header_bytes > bytes_max)) return false;
    entries.push_back(empty_entry(gap, index));
    bytes += batch_header_bytes;
  }
  return true;
}

} // namespace callboard::storage
