#pragma once

#include <string>
#include <string_view>

#include "schema/bytes.h"

namespace callboard {

// Golden bytes as people write them: "00 2a ff" or "002aff".
inline SharedBytes from_hex(std::string_view digits) {
  const auto value_of = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  int high = -1;
  for (char c : digits) {
    if (c == ' ' || c == '\n') continue;
    if (high < 0) {
      high = value_of(c);
    } else {
      bytes.push_back(static_cast<char>(high * 16 + value_of(c)));
      high = -1;
    }
  }
  return SharedBytes::copy_of(bytes);
}

inline std::string to_hex(ByteView bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (auto byte : bytes) {
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
  return out;
}

} // namespace callboard
