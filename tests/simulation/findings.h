#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "tests/simulation/scenario.h"

namespace callboard::simulation {

// What a run came to: the first rule that was broken, and a digest of everything that
// was observed, which two runs of one seed share. And how often each fault struck.
class Findings {
public:
  void fail(std::string rule, std::string what) {
    if (!failed()) {
      rule_ = std::move(rule);
      what_ = std::move(what);
    }
  }
  bool failed() const { return !rule_.empty(); }
  const std::string& rule() const { return rule_; }
  const std::string& what() const { return what_; }

  // A fault was not only drawn, it struck.
  void struck(Fault fault) { ++strikes_[static_cast<std::size_t>(fault)]; }
  const FaultCounts& strikes() const { return strikes_; }
  // A replica began anew.
  void healed() { ++healed_; }
  std::uint64_t heals() const { return healed_; }

  // A replica got another's state.
  void state_replaced() { ++states_replaced_; }
  std::uint64_t states_replaced() const { return states_replaced_; }

  template <class... Ints>
  void note(Ints... values) {
    (mix(static_cast<std::uint64_t>(values)), ...);
  }
  std::uint64_t digest() const { return digest_; }

private:
  void mix(std::uint64_t value) {
    digest_ = (digest_ ^ value) * 0x9E3779B97F4A7C15ULL;
    digest_ ^= digest_ >> 29;
  }

  std::string rule_;
  std::string what_;
  FaultCounts strikes_{};
  std::uint64_t states_replaced_ = 0;
  std::uint64_t healed_ = 0;
  std::uint64_t digest_ = 0;
};

} // namespace callboard::simulation
