#pragma once

#include "tests/simulation/scenario.h"

namespace callboard::simulation {

// Whether a run of `scenario` fails; in a process of its own, so that an assertion in the
// code under test counts too.
bool fails(const Scenario& scenario);

// A smaller scenario that fails as well: fewer ticks, groups and clients, faults switched
// off one after the other, until nothing more can go. `scenario` fails, in its faults
// after `ticks`.
Scenario reduce(Scenario scenario, std::uint32_t ticks);

} // namespace callboard::simulation
