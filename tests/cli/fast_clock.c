/* Preloaded into the command: its monotonic clock runs 30,000 times as fast, so that a minute
 * passes in a test. */
#include <time.h>
#include <unistd.h>

#include <sys/syscall.h>

int clock_gettime(clockid_t clock, struct timespec *out)
{
    const long long second = 1000000000, fast = 30000;
    if (syscall(SYS_clock_gettime, clock, out) != 0) return -1;
    if (clock != CLOCK_MONOTONIC) return 0;
    const long long now = (out->tv_sec % 100000 * second + out->tv_nsec) * fast;
    out->tv_sec = (time_t)(now / second);
    out->tv_nsec = (long)(now % second);
    return 0;
}
