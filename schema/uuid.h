#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>

namespace callboard {

// 16 opaque bytes: a topic's identity (KIP-516), a cluster's, a node's.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  constexpr auto operator<=>(const Uuid&) const = default;
  bool is_zero() const { return *this == Uuid{}; }
  // 32 lower-case hexadecimal digits; used in file names and logs.
  std::string hex() const;
};

} // namespace callboard

template <>
struct std::hash<callboard::Uuid> {
  std::size_t operator()(const callboard::Uuid& id) const noexcept {
    std::uint64_t words[2];
    std::memcpy(words, id.bytes.data(), sizeof words);
    return static_cast<std::size_t>(words[0] ^ (words[1] * 0x9E3779B97F4A7C15ULL));
  }
};
