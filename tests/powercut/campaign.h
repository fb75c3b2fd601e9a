#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/powercut/workload.h"

namespace callboard::powercut {

// What one cut brought to light. Seed and cut repeat it.
struct Finding {
  std::uint64_t seed;
  Position cut;
  std::string what;
};

// One history, cut at many points. Every cut runs in a process of its own, which gets
// the disk as it is at that point by fork(): a crash on damaged files is a finding,
// not the end of the test. As many at once as there are cores.
struct Campaign {
  std::uint64_t seed = 1;
  std::size_t cuts = 250;
  Sabotage sabotage = Sabotage::none;
  std::function<bool(const Finding&)> until{}; // stops after a finding like this
  std::optional<Position> only_cut{};          // repeat this one
};

struct Outcome {
  std::size_t operations = 0;
  std::size_t cuts = 0;
  Coverage coverage;
  std::vector<Finding> findings;
};

Outcome run(const Campaign& campaign);

} // namespace callboard::powercut
