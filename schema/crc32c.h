#pragma once

#include <cstdint>

#include "schema/bytes.h"

namespace callboard {

// CRC-32C (Castagnoli, RFC 3720 B.4) of `data`: crc32c("123456789") == 0xE3069283.
// `seed` is the checksum of what came before, so that pieces can be chained.
std::uint32_t crc32c(ByteView data, std::uint32_t seed = 0);

// CRC-32C of two pieces one after the other, from that of each; costs some 0.5 us
// whatever their sizes.
std::uint32_t crc32c_join(std::uint32_t first, std::uint32_t second, std::uint64_t second_bytes);

} // namespace callboard
