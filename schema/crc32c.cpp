#include "schema/crc32c.h"

#include <isa-l/crc.h>

namespace callboard {
namespace {

// ISA-L takes a signed 32-bit length; larger inputs go in pieces.
constexpr std::size_t piece_max = std::size_t{1} << 30;

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

} // namespace callboard
