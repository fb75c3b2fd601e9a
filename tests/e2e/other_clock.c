/* LD_PRELOAD: the wall clock of another day, OTHER_CLOCK_SECONDS away; no other clock changes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
  static int (*real)(clockid_t, struct timespec *);
  if (real == NULL) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  const int result = real(clock, time);
  const char *seconds = getenv("OTHER_CLOCK_SECONDS");
  if (result == 0 && clock == CLOCK_REALTIME && seconds != NULL) time->tv_sec += atol(seconds);
  return result;
}
