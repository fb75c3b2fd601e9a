#pragma once

#include <cstdint>

#include "schema/bytes.h"

namespace callboard::client {

// Austin Appleby's MurmurHash2, 32 bits, with the seed of Kafka's clients.
std::uint32_t murmur2(ByteView bytes);

// The partition of a record with this key, of `partitions` (at least 1): the one that
// Kafka's Java client and those that follow it choose, so that records of one key stay
// together whoever produces them.
std::int32_t partition_of_key(ByteView key, std::uint32_t partitions);

} // namespace callboard::client
