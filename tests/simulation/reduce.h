#pragma once

#include "tests/simulation/scenario.h"

namespace callboard::simulation {

// Whether an assertion of the code under test ends a run of `scenario`: tried in a process
// of its own.
bool asserts(const Scenario& scenario);

// A smaller scenario that fails as well, by a checker or an assertion: fewer ticks, groups and clients, faults switched
// off one after the other, until nothing more can go. `scenario` fails, in its faults
// after `ticks`.
Scenario reduce(Scenario scenario, std::uint32_t ticks);

} // namespace callboard::simulation
