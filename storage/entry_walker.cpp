#include "storage/entry_walker.h"

#include <limits>
#include <utility>

#include "schema/record_batch.h"

namespace callboard::storage {

Error EntryWalker::damaged(std::string_view what) const {
  std::string message = path_ + " is damaged: " + std::string(what);
  if (expected_) message += " at raft index " + std::to_string(expected_->value);
  return {ErrorCode::corrupt_storage, std::move(message)};
}

Result<IndexRow> EntryWalker::index_row() {
  auto& rows = snapshot_.index();
  std::array<std::uint8_t, index_row_bytes> bytes{};
  if (rows.size() != bytes.size()) return damaged("an index row has the wrong size");
  if (auto copied = rows.copy(0, bytes); !copied) return copied.error();
  const auto row = decode_index_row(rows.key(), bytes);
  if (!row) return damaged("an index row does not match its CRC");
  return *row;
}

// To the row that holds `index`, the first row without it.
Result<bool> EntryWalker::seek_row(const std::optional<RaftIndex>& index) {
  expected_offset_.reset();
  again_ = false;
  auto& rows = snapshot_.entries();
  auto found = rows.seek_at_most(index ? index->value : 0);
  if (found && !*found) found = rows.seek_first();
  if (!found || !*found) return found;
  expected_ = RaftIndex(rows.key());
  at_ = end_ = 0;
  return true;
}

Result<bool> EntryWalker::seek_index(RaftIndex index) {
  auto found = seek_row(index);
  if (!found || !*found) return found;
  while (*expected_ < index) {
    const bool last_of_row = end_ >= snapshot_.entries().size() && end_ > 0;
    if (last_of_row) return false; // it lies past the segment's end
    auto stepped = next();
    if (!stepped || !*stepped) return stepped;
    again_ = *expected_ > index; // it lies in the gap just stepped on
  }
  return true;
}

Result<bool> EntryWalker::seek_offset(Offset offset) {
  auto found = snapshot_.index().seek_at_most(static_cast<std::uint64_t>(offset.value));
  if (!found) return found;
  if (!*found) return seek_row(std::nullopt);
  auto row = index_row();
  if (!row) return row.error();
  return seek_index(row->index);
}

// Rows' timestamps never fall as offsets rise: bisection over the offsets.
Result<bool> EntryWalker::seek_time(TimestampMs time) {
  auto& rows = snapshot_.index();
  auto last = rows.seek_at_most(std::numeric_limits<std::uint64_t>::max());
  if (!last) return last;
  if (!*last) return seek_row(std::nullopt);
  std::optional<RaftIndex> start;
  std::uint64_t low = 0;
  std::uint64_t high = rows.key() + 1; // all rows at and above have a timestamp >= time
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    auto found = rows.seek_at_most(middle);
    if (!found) return found;
    if (!*found) {
      low = middle + 1;
      continue;
    }
    auto row = index_row();
    if (!row) return row.error();
    if (row->max_timestamp_before < time) {
      start = row->index;
      low = middle + 1;
    } else {
      high = rows.key();
    }
  }
  return start ? seek_index(*start) : seek_row(std::nullopt);
}

Result<std::optional<IndexRow>> EntryWalker::seek_last_index_row() {
  std::optional<IndexRow> last;
  auto found = snapshot_.index().seek_at_most(std::numeric_limits<std::uint64_t>::max());
  if (!found) return found.error();
  if (*found) {
    auto row = index_row();
    if (!row) return row.error();
    last = *row;
  }
  auto stands = last ? seek_index(last->index) : seek_row(std::nullopt);
  if (!stands) return stands.error();
  if (last && (!*stands || *expected_ != last->index)) return damaged("an index row points past the entries");
  return last;
}

Result<bool> EntryWalker::next() {
  auto& rows = snapshot_.entries();
  if (!expected_) return false;
  if (std::exchange(again_, false)) return true;
  if (end_ >= rows.size()) {
    auto moved = rows.next();
    if (!moved || !*moved) return moved;
    if (rows.key() != expected_->value) return damaged("an entry is missing");
    end_ = 0;
  }
  at_ = end_;
  const auto left = rows.size() - at_;
  if (left < entry_header_bytes) return damaged("an entry is cut off");
  head_.resize(entry_header_bytes);
  if (auto copied = rows.copy(at_, head_); !copied) return copied.error();
  const auto header = read_entry_header(head_.data());
  if (header.payload_bytes > left - entry_header_bytes) return damaged("an entry is cut off");
  if (auto checked = check_entry(header); !checked) return checked.error();
  entry_ = header.entry;
  entry_.index = *expected_;
  if (entry_.type == EntryType::gap) entry_.span = load_le<std::uint32_t>(&head_[entry_header_bytes]);
  payload_bytes_ = header.payload_bytes;
  end_ = at_ + entry_header_bytes + payload_bytes_;
  expected_ = entry_.next_index();
  expected_offset_ = entry_.next_offset();
  return true;
}

Status EntryWalker::check_entry(const EntryHeader& header) {
  const bool gap = header.entry.type == EntryType::gap;
  if (header.version > (gap ? gap_entry_format : entry_format))
    return Error{ErrorCode::newer_format, path_ + " was written by a newer Callboard; start that version"};
  const auto covered = covered_payload(header.entry.type, header.payload_bytes);
  head_.resize(entry_header_bytes + covered);
  auto rest = std::span(head_).subspan(entry_header_bytes);
  if (auto copied = snapshot_.entries().copy(at_ + entry_header_bytes, rest); !copied) return copied;
  if (header.crc != entry_crc(group_, *expected_, head_)) return damaged("an entry does not match its CRC");
  if (gap && (covered != sizeof(LogEntry::span) || load_le<std::uint32_t>(rest.data()) == 0))
    return damaged("a gap does not say how many entries it stands for");
  if (expected_offset_ && header.entry.base_offset < *expected_offset_) return damaged("an offset goes back");
  return ok_status();
}

Result<SharedBytes> EntryWalker::payload() {
  if (entry_.type != EntryType::batch) return payload_head();
  return snapshot_.entries().batch(at_ + entry_header_bytes, payload_bytes_);
}

Result<SharedBytes> EntryWalker::payload_copy() {
  ByteBuffer buffer(payload_bytes_);
  if (auto copied = snapshot_.entries().copy(at_ + entry_header_bytes, {buffer.data(), payload_bytes_}); !copied)
    return copied.error();
  return buffer.freeze(payload_bytes_);
}

Result<SharedBytes> EntryWalker::payload_head() {
  const auto covered = head_.size() - entry_header_bytes;
  if (covered == payload_bytes_) return SharedBytes::copy_of(ByteView(head_).subspan(entry_header_bytes));
  std::array<std::uint8_t, batch_header_bytes> header{};
  if (auto copied = snapshot_.entries().copy(at_ + entry_header_bytes, header); !copied) return copied.error();
  return SharedBytes::copy_of(header);
}

} // namespace callboard::storage
