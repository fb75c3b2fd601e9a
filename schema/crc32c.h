#pragma once

#include <cstdint>

#include "schema/bytes.h"

namespace callboard {

// CRC-32C (Castagnoli, RFC 3720 B.4) of `data`: crc32c("123456789") == 0xE3069283.
// `seed` is the checksum of what came before, so that pieces can be chained.
std::uint32_t crc32c(ByteView data, std::uint32_t seed = 0);

} // namespace callboard
