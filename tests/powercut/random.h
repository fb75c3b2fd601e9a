#pragma once

#include <cstdint>
#include <random>

#include "schema/assert.h"

namespace callboard::powercut {

// One seed, one run: every choice of this test comes from an object of this kind.
class Random {
public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t next() { return engine_(); }
  // 0 to bound - 1.
  std::uint64_t below(std::uint64_t bound) {
    CB_ASSERT(bound > 0);
    return engine_() % bound;
  }
  // Both ends included.
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  bool chance(double probability) { return static_cast<double>(engine_() >> 11) * 0x1.0p-53 < probability; }

private:
  std::mt19937_64 engine_;
};

} // namespace callboard::powercut
