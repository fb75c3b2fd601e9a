#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "schema/bytes.h"
#include "schema/ids.h"
#include "schema/log_entry.h"
#include "schema/result.h"
#include "storage/node_state.h"

// Every table, key and row that storage writes. Integers are little-endian, as LMDB's
// own pages are on the machines this runs on; every row carries a CRC-32C that covers
// its key, since LMDB checks nothing.
//
// node-state.mdb        node    "format" "identity" "boot"             small rows
//                       groups  group id u64                        -> GroupRecord
// groups/GROUP/SEG.mdb  entries raft index u64 of the row's first   -> entries, back to back
//                       index   offset u64                          -> IndexRow
//                       state   "!segment" "!applied", "=" + key    -> SegmentHeader, u64, a replica's row
// groups/GROUP/SEG.sum, SEG.mark: see sidecar.h, segment_mark.h
namespace callboard::storage {

inline constexpr std::uint32_t node_state_format = 1;
inline constexpr std::uint32_t segment_format = 1;
inline constexpr std::uint8_t entry_format = 1;
inline constexpr std::uint8_t gap_entry_format = 2; // what version 1 must not take for an entry

inline constexpr std::uint32_t state_store_format = 1;

inline constexpr const char* node_table = "node";
inline constexpr const char* groups_table = "groups";
inline constexpr const char* entries_table = "entries";
inline constexpr const char* index_table = "index";
inline constexpr const char* state_table = "state";
inline constexpr const char* meta_table = "meta";
inline constexpr const char* rows_table = "rows";

inline constexpr std::string_view state_file = "state.mdb";
inline constexpr std::string_view state_header_row = "header";
inline constexpr std::string_view state_applied_row = "applied";

inline constexpr std::string_view segment_row = "!segment";
inline constexpr std::string_view applied_row = "!applied";
inline constexpr char replica_row_prefix = '=';
inline constexpr std::size_t replica_key_bytes_max = 510; // LMDB's 511, less the prefix

// An integer at the start of `bytes`, which the caller knows to be long enough.
template <class Int>
Int load_le(const std::uint8_t* bytes) {
  static_assert(std::is_integral_v<Int>);
  Int value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}
template <class Int>
void store_le(std::uint8_t* bytes, Int value) {
  static_assert(std::is_integral_v<Int>);
  std::memcpy(bytes, &value, sizeof value);
}

// A key of an integer table, ready for LMDB.
class IntegerKey {
public:
  explicit IntegerKey(std::uint64_t value) { store_le(bytes_.data(), value); }
  ByteView view() const { return bytes_; }

private:
  std::array<std::uint8_t, 8> bytes_{};
};

// One entry within a row of `entries`:
//   0 version u8 | 1 type u8 | 2 zero u16 | 4 crc u32 | 8 payload size u32 | 12 term i32
//   16 offset count i32 | 20 base offset i64 | 28 max timestamp i64 | 36 payload
// The CRC covers group, raft index, this header and those bytes of the payload that no
// CRC of its own covers: 0-20 of a batch, all of anything else.
//
// A gap has version 2, as payload how many entries it stands for (u32), as offset count the
// sum of theirs; all of them are batches of its term without records.
inline constexpr std::size_t entry_header_bytes = 36;

struct EntryHeader {
  std::uint8_t version = entry_format;
  std::uint32_t crc = 0;
  std::uint32_t payload_bytes = 0;
  LogEntry entry; // without index and payload
};
// How much of the payload the entry's CRC covers.
std::size_t covered_payload(EntryType type, std::size_t payload_bytes);
// Header and payload; `out` has room for entry_header_bytes + payload.
void put_entry(std::uint8_t* out, GroupId group, const LogEntry& entry);
EntryHeader read_entry_header(const std::uint8_t* bytes);
// The CRC that `header` must have; `bytes` is the header followed by what it covers.
std::uint32_t entry_crc(GroupId group, RaftIndex index, ByteView bytes);

// One row per `index_stride_bytes` of payload, for the batch with the row's offset.
// Both sums are of what comes before it in the segment, so offset, index, time and
// size can all be found by bisection.
inline constexpr std::uint64_t index_stride_bytes = 64 << 10;
inline constexpr std::size_t index_row_bytes = 28;

struct IndexRow {
  RaftIndex index;
  TimestampMs max_timestamp_before = no_timestamp;
  std::uint64_t payload_bytes_before = 0;
};
std::array<std::uint8_t, index_row_bytes> encode_index_row(std::uint64_t offset, const IndexRow& row);
std::optional<IndexRow> decode_index_row(std::uint64_t offset, ByteView value);

// Rows of string tables end in a CRC-32C of key and value.
std::string seal_row(std::string_view key, ByteView value);
// The value without its CRC; nullopt if damaged.
std::optional<ByteView> open_row(std::string_view key, ByteView sealed);

// Who a segment is.
struct SegmentHeader {
  std::uint32_t format = segment_format;
  GroupId group;
  SegmentId segment;
  RaftIndex first_index;
  Offset base_offset;
};
std::string encode_segment_header(const SegmentHeader& header);
std::optional<SegmentHeader> decode_segment_header(ByteView value);

// Whose state a state.mdb is.
struct StateHeader {
  std::uint32_t format = state_store_format;
  GroupId group;
};
std::string encode_state_header(const StateHeader& header);
std::optional<StateHeader> decode_state_header(ByteView value);

// Up to where the log is in it, and the offset that the next batch has.
struct StateMark {
  RaftIndex index;
  Offset next_offset;
};
std::string encode_state_mark(const StateMark& mark);
std::optional<StateMark> decode_state_mark(ByteView value);

// What a group's record in node-state says. Sealed like the rows above.
std::string encode_group_record(const GroupRecord& record);
Result<GroupRecord> decode_group_record(GroupId group, ByteView sealed);

} // namespace callboard::storage
