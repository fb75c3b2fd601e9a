#pragma once

// CB_ASSERT(condition): a bug if false. Stays on in release builds, prints the
// condition with file and line and aborts: a broker that is wrong must stop.
namespace callboard {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}

#define CB_ASSERT(condition)                                                                                           \
  ((condition) ? static_cast<void>(0) : ::callboard::assertion_failed(#condition, __FILE__, __LINE__))
