#include "actors/cli/output.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>

#include "schema/assert.h"

namespace callboard::cli {
namespace {

std::string hexadecimal(unsigned char byte) {
  static constexpr char digits[] = "0123456789abcdef";
  return {digits[byte >> 4], digits[byte & 15]};
}

bool is_control(unsigned char byte) {
  return byte < 0x20 || byte == 0x7f;
}

// Length of the UTF-8 sequence at the start of `text` (RFC 3629: shortest form, no
// surrogates, up to U+10FFFF); 0 if there is none.
std::size_t utf8_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  std::uint32_t point = first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0) != 0x80) return 0;
    point = point << 6 | (byte & 0x3fU);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  return point < least[length] || surrogate || point > 0x10ffff ? 0 : length;
}

// As a terminal shows it: one column a code point.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.-") == std::string_view::npos;
}

} // namespace

std::string json_number(std::int64_t value) {
  return value < 0 ? "null" : std::to_string(value);
}

std::string number_or_dash(std::int64_t value) {
  return value < 0 ? "-" : std::to_string(value);
}

std::string plural(std::uint64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string list_of_nodes(const std::vector<NodeId>& nodes) {
  std::string out;
  for (const auto node : nodes) out += (out.empty() ? "" : ",") + std::to_string(node.value);
  return out.empty() ? "-" : out;
}

std::string about(std::int64_t ms) {
  constexpr std::int64_t second = 1000, minute = 60 * second, hour = 60 * minute;
  const auto rounded_up = [ms](std::int64_t unit) { return std::to_string((ms + unit - 1) / unit); };
  if (ms < 2 * minute) return rounded_up(second) + " s";
  if (ms < 2 * hour) return rounded_up(minute) + " min";
  return rounded_up(hour) + " h";
}

std::string utc(TimestampMs time) {
  const std::time_t seconds = time / 1000;
  std::tm parts{};
  if (time < 0 || ::gmtime_r(&seconds, &parts) == nullptr) return "-";
  char text[64];
  const auto length = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  char rest[16];
  std::snprintf(rest, sizeof rest, ".%03d UTC", static_cast<int>(time % 1000));
  return std::string(text, length) + rest;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text[0]);
    const auto length = utf8_length(text);
    const bool c1_control = length == 2 && byte == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
    const bool hidden = length == 0 || is_control(byte) || c1_control;
    const auto taken = text.substr(0, std::max<std::size_t>(length, 1));
    if (!hidden)
      out += taken;
    else
      for (const char c : taken) out += "\\x" + hexadecimal(static_cast<unsigned char>(c));
    text.remove_prefix(taken.size());
  }
  return out;
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text[0]);
    const auto length = utf8_length(text);
    if (length == 0)
      out += "\\ufffd";
    else if (is_control(byte))
      out += "\\u00" + hexadecimal(byte);
    else if (byte == '"' || byte == '\\')
      out += {'\\', text[0]};
    else
      out += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out + "\"";
}

JsonObject& JsonObject::add(std::string_view name, std::string_view value) {
  if (!fields_.empty()) fields_ += ',';
  fields_ += json_text(name) + ":";
  fields_ += value;
  return *this;
}

void Table::add(const std::vector<std::string>& cells) {
  CB_ASSERT(cells.size() == rows_.front().size());
  auto& row = rows_.emplace_back();
  for (const auto& cell : cells) row.push_back(printable(cell));
}

void Table::print(std::ostream& stream) const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - columns(row[i]), ' ');
      line += is_number(row[i]) ? padding + row[i] : row[i] + padding;
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    stream << line << '\n';
  }
}

} // namespace callboard::cli
