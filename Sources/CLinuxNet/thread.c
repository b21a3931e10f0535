// SPDX-License-Identifier: Apache-2.0
//
// Attributes of the calling thread.

#define _GNU_SOURCE

#include "CLinuxNet.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <time.h>

int clnx_thread_name(const char *name) { return prctl(PR_SET_NAME, name) == 0 ? 0 : -errno; }

int clnx_thread_timer_slack(uint64_t nanoseconds) {
    return prctl(PR_SET_TIMERSLACK, (unsigned long)nanoseconds) == 0 ? 0 : -errno;
}

int clnx_thread_processor(int32_t thread, uint32_t processor) {
    if (processor >= CPU_SETSIZE) { return -EINVAL; }
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    return sched_setaffinity(thread, sizeof set, &set) == 0 ? 0 : -errno;
}

void clnx_nap(uint64_t nanoseconds) {
    struct timespec time = {
        .tv_sec = (time_t)(nanoseconds / 1000000000u), .tv_nsec = (long)(nanoseconds % 1000000000u)};
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}
