#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

#include "schema/assert.h"

namespace callboard::simulation {

// Every choice of a run comes from one seed. Each part of the simulation draws from a
// stream of its own, so that switching one fault off leaves the choices of the others
// alone: that is what makes a failing run reducible.
class Random {
public:
  Random(std::uint64_t seed, std::string_view stream) : state_(seed * 0x9E3779B97F4A7C15ULL) {
    for (const char c : stream) state_ = (state_ ^ static_cast<std::uint8_t>(c)) * 0x100000001B3ULL;
    next();
  }
  Random(std::uint64_t seed, std::string_view stream, std::uint64_t number) : Random(seed + number * 7919, stream) {}

  // splitmix64
  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    auto mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
    return mixed ^ (mixed >> 31);
  }
  // 0 to bound - 1.
  std::uint64_t below(std::uint64_t bound) {
    CB_ASSERT(bound > 0);
    return next() % bound;
  }
  // Both ends included.
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  // 0 to 1.
  double fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  bool chance(double probability) { return fraction() < probability; }
  // Each order of magnitude is as likely as the others.
  double between_magnitudes(double low, double high) { return low * std::pow(high / low, fraction()); }

  template <class Container>
  auto& pick(Container& from) {
    return from[below(from.size())];
  }

private:
  std::uint64_t state_;
};

} // namespace callboard::simulation
