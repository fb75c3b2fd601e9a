#include "actors/runtime/random.h"

#include <cstring>
#include <random>

namespace callboard {

Uuid random_uuid() {
  std::random_device source;
  Uuid id;
  for (std::size_t i = 0; i < id.bytes.size(); i += sizeof(std::uint32_t)) {
    const std::uint32_t word = source();
    std::memcpy(id.bytes.data() + i, &word, sizeof word);
  }
  return id;
}

std::uint64_t random_number() {
  std::random_device source;
  std::uint64_t number = 0;
  while (number == 0) number = std::uint64_t{source()} << 32 | source();
  return number;
}

} // namespace callboard
