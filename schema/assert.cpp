#include "schema/assert.h"

#include <cstdio>
#include <cstdlib>

namespace callboard {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "callboard: assertion failed: %s at %s:%d\n", condition, file, line);
  std::fflush(stderr);
  std::abort();
}

} // namespace callboard
