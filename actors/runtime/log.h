#pragma once

#include <spdlog/spdlog.h>

// The node's log: one line an event, to standard error, written for a person.
// Levels: error (somebody must act), warn (somebody should look), info (life of the
// node), debug.
namespace callboard::log {

using spdlog::debug;
using spdlog::error;
using spdlog::info;
using spdlog::warn;

} // namespace callboard::log
