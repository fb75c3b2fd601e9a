#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/log_entry.h"
#include "storage/keys.h"
#include "storage/row_cursor.h"

namespace callboard::storage {

// The two integer tables of one segment as of one moment.
class SegmentSnapshot {
public:
  virtual ~SegmentSnapshot() = default;
  virtual RowCursor& entries() = 0;
  virtual RowCursor& index() = 0;
};

// Walks the entries of a snapshot in order and checks each one: its CRC, that indexes
// are dense and that offsets never go back. Anything else is corrupt_storage.
class EntryWalker {
public:
  EntryWalker(SegmentSnapshot& snapshot, GroupId group, std::string path)
    : snapshot_(snapshot), group_(group), path_(std::move(path)) {}

  // All of these stand before an entry that next() then steps on. False: no entries.
  // `index` itself, the gap that holds it, or the first one if `index` lies before the segment.
  Result<bool> seek_index(RaftIndex index);
  // At or a little before the batch that holds `offset`.
  Result<bool> seek_offset(Offset offset);
  // At or a little before the first batch with a timestamp >= `time`.
  Result<bool> seek_time(TimestampMs time);
  // At the last index row, which is given; at the first entry if there is none.
  Result<std::optional<IndexRow>> seek_last_index_row();

  // False: that was the last entry.
  Result<bool> next();
  // Where it stands; without payload.
  const LogEntry& entry() const { return entry_; }
  std::uint32_t payload_bytes() const { return payload_bytes_; }
  std::size_t position_in_row() const { return at_; }
  // Index of the entry that next() would step on; nullopt: no entries.
  const std::optional<RaftIndex>& next_index() const { return expected_; }
  std::uint64_t row_key() const { return snapshot_.entries().key(); }

  Result<SharedBytes> payload();
  // The same in memory of its own, also where payload() is a slice of a map.
  Result<SharedBytes> payload_copy();
  // The first bytes of a batch (its header), the whole payload of anything else.
  Result<SharedBytes> payload_head();

private:
  Error damaged(std::string_view what) const;
  Result<IndexRow> index_row();
  Result<bool> seek_row(const std::optional<RaftIndex>& index);
  Status check_entry(const EntryHeader& header);

  SegmentSnapshot& snapshot_;
  GroupId group_;
  std::string path_;
  LogEntry entry_;
  std::uint32_t payload_bytes_ = 0;
  bool again_ = false;                    // the next step is on the entry on which it stands
  std::vector<std::uint8_t> head_;        // header and covered payload of the entry
  std::size_t at_ = 0;                    // of the entry in its row
  std::size_t end_ = 0;                   // where the next one starts
  std::optional<RaftIndex> expected_;     // index of the next entry
  std::optional<Offset> expected_offset_; // lowest base offset it may have
};

} // namespace callboard::storage
