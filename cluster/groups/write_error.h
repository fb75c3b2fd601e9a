#pragma once

#include "schema/result.h"

namespace callboard::groups {

// What a client of the group is told when a write of the group failed, as Kafka maps it: to
// something it retries, after it has looked for the coordinator again where that may help.
Error as_group_error(const Error& write);
// The same for a commit of offsets.
Error as_commit_error(const Error& write);

} // namespace callboard::groups
