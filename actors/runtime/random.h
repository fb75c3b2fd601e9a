#pragma once

#include <cstdint>

#include "schema/uuid.h"

namespace callboard {

// A new identity of a cluster, node or topic, from the system's randomness.
Uuid random_uuid();
// From the same source; never 0.
std::uint64_t random_number();

} // namespace callboard
