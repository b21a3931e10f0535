// SPDX-License-Identifier: Apache-2.0
//
// Time, and the processor time of another process.

#pragma once

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

static inline int64_t read_clock(clockid_t clock) {
    struct timespec time = {0};
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static inline int64_t now(void) { return read_clock(CLOCK_MONOTONIC); }

// Nanoseconds that a process has run, all its threads together; 0 for no process.
static inline int64_t processor_time(pid_t process) {
    clockid_t clock;
    return process > 0 && clock_getcpuclockid(process, &clock) == 0 ? read_clock(clock) : 0;
}
