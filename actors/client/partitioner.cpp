#include "actors/client/partitioner.h"

#include "schema/assert.h"

namespace callboard::client {
namespace {

constexpr std::uint32_t seed = 0x9747b28c;
constexpr std::uint32_t multiplier = 0x5bd1e995;

std::uint32_t little_endian(ByteView bytes) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) word |= std::uint32_t{bytes[i]} << (8 * i);
  return word;
}

} // namespace

std::uint32_t murmur2(ByteView bytes) {
  std::uint32_t hash = seed ^ static_cast<std::uint32_t>(bytes.size());
  for (; bytes.size() >= 4; bytes = bytes.subspan(4)) {
    std::uint32_t word = little_endian(bytes.first(4)) * multiplier;
    word = (word ^ (word >> 24)) * multiplier;
    hash = (hash * multiplier) ^ word;
  }
  if (!bytes.empty()) hash = (hash ^ little_endian(bytes)) * multiplier;
  hash = (hash ^ (hash >> 13)) * multiplier;
  return hash ^ (hash >> 15);
}

std::int32_t partition_of_key(ByteView key, std::uint32_t partitions) {
  CB_ASSERT(partitions > 0);
  return static_cast<std::int32_t>((murmur2(key) & 0x7fffffff) % partitions);
}

} // namespace callboard::client
