#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "schema/ids.h"
#include "schema/time.h"

// How sub-commands print. Names and states come from others and are hostile: nothing of
// theirs reaches the terminal or a JSON document unescaped.
namespace callboard::cli {

struct Output {
  std::ostream& stream;
  bool json = false;
  bool terminal = false; // a person looks at it
};

// As JSON of an optional number: values below 0 are null.
std::string json_number(std::int64_t value);
// In a table: values below 0 are "-".
std::string number_or_dash(std::int64_t value);
// "1 topic", "2 topics".
std::string plural(std::uint64_t count, const std::string& noun);
// "1,2,3"; "-": none.
std::string list_of_nodes(const std::vector<NodeId>& nodes);
// "3 s", "12 min", "5 h": rounded up.
std::string about(std::int64_t ms);
// "2026-11-24 04:21:27.123 UTC"; "-" below 0.
std::string utc(TimestampMs time);

// `text` with what could steer a terminal (control characters, bytes that are not
// UTF-8) as \x1b; the rest unchanged.
std::string printable(std::string_view text);

// Whether every byte of `text` belongs to a character.
bool is_utf8(std::string_view text);

// `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
std::string json_text(std::string_view text);

// A JSON object in the order of its fields; values are JSON already.
class JsonObject {
public:
  JsonObject& add(std::string_view name, std::string_view value);
  std::string text() const { return "{" + fields_ + "}"; }

private:
  std::string fields_;
};

// A JSON list of what `json_of` makes of each row.
template <class Rows, class JsonOf>
std::string json_list(const Rows& rows, JsonOf json_of) {
  std::string out = "[";
  for (const auto& row : rows) {
    if (out.size() > 1) out += ',';
    out += json_of(row);
  }
  return out + "]";
}

// Columns as wide as their widest cell, left-aligned, numbers to the right.
class Table {
public:
  explicit Table(std::vector<std::string> headings) { rows_.push_back(std::move(headings)); }
  void add(const std::vector<std::string>& cells);
  void print(std::ostream& stream) const;

private:
  std::vector<std::vector<std::string>> rows_; // the first one holds the headings
};

} // namespace callboard::cli
