#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

// How sub-commands print. Names and states come from others and are hostile: nothing of
// theirs reaches the terminal or a JSON document unescaped.
namespace callboard::cli {

struct Output {
  std::ostream& stream;
  bool json = false;
};

// `text` with what could steer a terminal (control characters, bytes that are not
// UTF-8) as \x1b; the rest unchanged.
std::string printable(std::string_view text);

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
