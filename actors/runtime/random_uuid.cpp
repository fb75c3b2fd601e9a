#include "actors/runtime/random_uuid.h"

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

} // namespace callboard
