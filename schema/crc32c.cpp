#include "schema/crc32c.h"

#include <array>
#include <bit>

#include <isa-l/crc.h>

namespace callboard {
namespace {

// ISA-L takes a signed 32-bit length; larger inputs go in pieces.
constexpr std::size_t piece_max = std::size_t{1} << 30;

// Polynomials over GF(2) modulo that of CRC-32C, bits reversed: bit 31 is x^0.
constexpr std::uint32_t polynomial = 0x82F63B78;
constexpr std::uint32_t one = 0x80000000;

constexpr std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (; a != 0; a <<= 1) {
    product ^= (a >> 31) * b;
    b = (b >> 1) ^ (b & 1) * polynomial;
  }
  return product;
}

// [i] is x^(8 * 2^i): what 2^i bytes of zeros multiply a CRC by.
constexpr auto zero_bytes = [] {
  std::array<std::uint32_t, 64> powers{one >> 8};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = multiply(powers[i - 1], powers[i - 1]);
  return powers;
}();

} // namespace

std::uint32_t crc32c(ByteView data, std::uint32_t seed) {
  std::uint32_t state = ~seed;
  while (!data.empty()) {
    const auto piece = data.first(data.size() < piece_max ? data.size() : piece_max);
    // ISA-L reads only, its signature merely lacks the const.
    state = crc32_iscsi(const_cast<unsigned char*>(piece.data()), static_cast<int>(piece.size()), state);
    data = data.subspan(piece.size());
  }
  return ~state;
}

std::uint32_t crc32c_join(std::uint32_t first, std::uint32_t second, std::uint64_t second_bytes) {
  for (; second_bytes != 0; second_bytes &= second_bytes - 1)
    first = multiply(first, zero_bytes[static_cast<std::size_t>(std::countr_zero(second_bytes))]);
  return first ^ second;
}

} // namespace callboard
