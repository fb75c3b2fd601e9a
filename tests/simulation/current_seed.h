#pragma once

#include <cinttypes>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <unistd.h>

namespace callboard::simulation {

// Of the run that this thread is in.
inline thread_local std::uint64_t current_seed = 0;

// When an assertion fails, whose it was is told before the process ends.
inline void tell_seed_of_failed_assertions() {
  std::signal(SIGABRT, [](int) {
    char text[64];
    const int length = std::snprintf(text, sizeof text, "It failed in seed %" PRIu64 ".\n", current_seed);
    static_cast<void>(!::write(STDERR_FILENO, text, static_cast<std::size_t>(length)));
  });
}

} // namespace callboard::simulation
