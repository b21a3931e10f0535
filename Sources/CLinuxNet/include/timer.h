// SPDX-License-Identifier: Apache-2.0
//
// Timers that are file descriptors: timerfd_create(2). The rules of CLinuxNet.h hold.

#pragma once

#include <stdint.h>

// Makes a timer of the monotonic clock that is not set; it is readable once its time has come.
int clnx_timer_create(void);

// Sets it for a time in nanoseconds of the monotonic clock, instead of the one for which it was set; a time that is past
// makes it readable at once. From any thread at any time. Returns 0 or -errno.
int clnx_timer_set(int timer, uint64_t deadline);

// Takes note that its time has come. Returns 1 if it had, 0 if not, or -errno.
int clnx_timer_take(int timer);
