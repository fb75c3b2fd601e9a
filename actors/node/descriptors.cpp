#include "actors/node/descriptors.h"

#include <sys/resource.h>

#include <limits>

namespace callboard {

std::int64_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024; // POSIX lets nobody down that far
  const auto wanted = rlimit{limit.rlim_max, limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &wanted) == 0) limit = wanted;
  if (limit.rlim_cur == RLIM_INFINITY) return std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int64_t>(limit.rlim_cur);
}

} // namespace callboard
