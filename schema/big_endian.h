#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <type_traits>

// Integers in network order, as Kafka writes them. Unaligned addresses are fine.
namespace callboard {

template <std::integral T>
T load_big_endian(const std::uint8_t* from) {
  std::make_unsigned_t<T> raw;
  std::memcpy(&raw, from, sizeof raw);
  if constexpr (sizeof(T) == 2) raw = __builtin_bswap16(raw);
  if constexpr (sizeof(T) == 4) raw = __builtin_bswap32(raw);
  if constexpr (sizeof(T) == 8) raw = __builtin_bswap64(raw);
  return static_cast<T>(raw);
}

template <std::integral T>
void store_big_endian(std::uint8_t* to, T value) {
  auto raw = static_cast<std::make_unsigned_t<T>>(value);
  if constexpr (sizeof(T) == 2) raw = __builtin_bswap16(raw);
  if constexpr (sizeof(T) == 4) raw = __builtin_bswap32(raw);
  if constexpr (sizeof(T) == 8) raw = __builtin_bswap64(raw);
  std::memcpy(to, &raw, sizeof raw);
}

} // namespace callboard
