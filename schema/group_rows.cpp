#include "schema/group_rows.h"

#include <algorithm>

#include "schema/big_endian.h"

namespace callboard {
namespace {

constexpr char group_row = 'g';
constexpr char offset_row = 'o';

std::optional<GroupKey> parse_offset_key(std::string_view in) {
  if (in.empty()) return std::nullopt;
  const std::size_t length = bytes_of(in)[0];
  in.remove_prefix(1);
  if (in.size() < length + 1 + sizeof(std::int32_t)) return std::nullopt;
  const auto group = in.substr(0, length);
  const auto topic = in.substr(length, in.size() - length - 1 - sizeof(std::int32_t));
  const auto end = in.substr(length + topic.size());
  const bool sound = check_group_id(group).ok() && !topic.empty() && topic.size() <= topic_name_bytes_max &&
                     topic.find('\0') == std::string_view::npos && end[0] == '\0';
  if (!sound) return std::nullopt;
  const auto partition = load_big_endian<std::int32_t>(bytes_of(end).data() + 1);
  if (partition < 0) return std::nullopt;
  return OffsetRowKey{std::string(group), std::string(topic), partition};
}

} // namespace

Status check_group_id(std::string_view group) {
  if (group.empty()) return Error{ErrorCode::invalid_group_id, "a group needs an id; set group.id in the client"};
  if (group.size() > group_id_bytes_max) {
    return Error{ErrorCode::invalid_group_id, "a group's id has at most " + std::to_string(group_id_bytes_max) +
                                                  " bytes, this one has " + std::to_string(group.size()) +
                                                  "; choose a shorter one"};
  }
  if (group.find('\0') != std::string_view::npos) {
    return Error{ErrorCode::invalid_group_id, "a group's id is text, this one holds a zero byte; choose another"};
  }
  return ok_status();
}

std::string group_row_key(std::string_view group) {
  CB_ASSERT(check_group_id(group).ok());
  return group_row + std::string(group);
}

std::string offset_rows_prefix(std::string_view group) {
  CB_ASSERT(check_group_id(group).ok());
  std::string prefix(1, offset_row);
  prefix.push_back(static_cast<char>(group.size()));
  prefix.append(group);
  return prefix;
}

std::string offset_row_key(std::string_view group, std::string_view topic, std::int32_t partition) {
  CB_ASSERT(!topic.empty() && topic.size() <= topic_name_bytes_max && topic.find('\0') == std::string_view::npos);
  auto key = offset_rows_prefix(group);
  key.append(topic);
  key.push_back('\0');
  std::uint8_t number[sizeof partition];
  store_big_endian(number, partition);
  key.append(text_of(number));
  return key;
}

std::optional<GroupKey> parse_group_key(ByteView key) {
  if (key.empty()) return std::nullopt;
  const auto rest = text_of(key.subspan(1));
  if (key[0] == static_cast<std::uint8_t>(offset_row)) return parse_offset_key(rest);
  if (key[0] != static_cast<std::uint8_t>(group_row) || !check_group_id(rest)) return std::nullopt;
  return GroupRowKey{std::string(rest)};
}

} // namespace callboard
