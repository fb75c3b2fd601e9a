#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "schema/bytes.h"
#include "schema/result.h"

// The keys of a consumer group's rows in the state of its offsets partition, which are
// also the keys of the records in that partition's log. Integers are big-endian.
//
//   row      key                                                           value
//   group    'g' | group id                                                GroupRecord
//   offset   'o' | u8 length of group id | group id | topic | 0x00 | i32 partition
//                                                                          OffsetRecord
//
// A group has its 'g' row as long as it has members or offsets, so listing groups is
// scanning those. The longest key has LMDB's 511 bytes: a group id has at most 255, a
// topic's name 249.
namespace callboard {

inline constexpr std::size_t group_id_bytes_max = 255;
inline constexpr std::size_t topic_name_bytes_max = 249;

// 1 to 255 bytes without NUL. Error: invalid_group_id.
Status check_group_id(std::string_view group);

// The group id must have passed check_group_id(), the topic metadata's check_topic_name().
std::string group_row_key(std::string_view group);
std::string offset_row_key(std::string_view group, std::string_view topic, std::int32_t partition);

// Every group's row begins with this.
inline constexpr std::string_view group_rows_prefix = "g";
// Every offset row of one group begins with this.
std::string offset_rows_prefix(std::string_view group);

struct GroupRowKey {
  std::string group;

  bool operator==(const GroupRowKey&) const = default;
};
struct OffsetRowKey {
  std::string group;
  std::string topic;
  std::int32_t partition = 0;

  bool operator==(const OffsetRowKey&) const = default;
};
using GroupKey = std::variant<GroupRowKey, OffsetRowKey>;

// Takes any bytes; nullopt: no key of ours.
std::optional<GroupKey> parse_group_key(ByteView key);

} // namespace callboard
