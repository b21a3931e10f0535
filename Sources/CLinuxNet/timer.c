// SPDX-License-Identifier: Apache-2.0
//
// Timers that are file descriptors.

#include "CLinuxNet.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { SECOND = 1000000000 };

int clnx_timer_create(void) {
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

int clnx_timer_set(int timer, uint64_t deadline) {
    // 0 would switch the timer off.
    if (deadline == 0) { deadline = 1; }
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(deadline / SECOND), .tv_nsec = (long)(deadline % SECOND)},
    };
    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL) == 0 ? 0 : -errno;
}

int clnx_timer_take(int timer) {
    uint64_t expirations;
    if (read(timer, &expirations, sizeof expirations) == (ssize_t)sizeof expirations) { return 1; }
    return errno == EAGAIN ? 0 : -errno;
}
