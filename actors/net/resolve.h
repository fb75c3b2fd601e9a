#pragma once

#include <string>
#include <vector>

#include "schema/host_port.h"
#include "schema/result.h"

namespace callboard::net {

// The addresses that HOST:PORT stands for, in numbers, each once. Blocks, perhaps for
// seconds. Error: invalid_argument, or network_exception with the resolver's reason.
Result<std::vector<HostPort>> resolve(const std::string& host_port);

} // namespace callboard::net
