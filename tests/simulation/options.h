#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/result.h"
#include "tests/simulation/scenario.h"

namespace callboard::simulation {

// What the command line of `simulate` says.
struct Options {
  std::uint64_t first_seed = 1;
  std::uint64_t last_seed = 1;
  Sabotage sabotage = Sabotage::none;
  bool reduce = false;
  bool replay = false; // each seed twice, which must come to the same
  unsigned threads = 1;
  std::optional<std::uint32_t> ticks;
  std::optional<std::uint32_t> groups;
  std::optional<std::uint32_t> clients;
  std::vector<Fault> without;
  GroupId traced;

  Scenario scenario(std::uint64_t seed) const;
};

extern const char* const usage;

// Error (invalid_argument): what was not understood.
Result<Options> read_options(const std::vector<std::string>& arguments);

} // namespace callboard::simulation
