#pragma once

#include "schema/uuid.h"

namespace callboard {

// A new identity of a cluster, node or topic, from the system's randomness.
Uuid random_uuid();

} // namespace callboard
