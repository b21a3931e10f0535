// SPDX-License-Identifier: Apache-2.0
//
// epoll(7) and eventfd(2).

#define _GNU_SOURCE

#include "CLinuxNet.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

_Static_assert(CLNX_READABLE == (int)EPOLLIN && CLNX_WRITABLE == (int)EPOLLOUT, "event");
_Static_assert(CLNX_ERROR == (int)EPOLLERR && CLNX_HANGUP == (int)EPOLLHUP, "event");
_Static_assert(CLNX_PRIORITY == (int)EPOLLPRI, "event");

int clnx_epoll_create(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) { return -errno; }
    // A kernel or a seccomp profile without it is found out here, not by threads that never wait.
    struct epoll_event event;
    struct timespec now = {0};
    if (epoll_pwait2(fd, &event, 1, &now, NULL) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

static int control(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return epoll_ctl(epoll, operation, fd, &event) == 0 ? 0 : -errno;
}

int clnx_epoll_add(int epoll, int fd, uint32_t events, uint64_t token) {
    return control(epoll, EPOLL_CTL_ADD, fd, events, token);
}

int clnx_epoll_remove(int epoll, int fd) { return control(epoll, EPOLL_CTL_DEL, fd, 0, 0); }

int clnx_epoll_wait(int epoll, struct clnx_ready *ready, uint32_t capacity, int64_t timeout) {
    // Copied, because epoll_event is packed on some processors and not on others.
    struct epoll_event events[CLNX_MAX_READY];
    int limit = capacity < CLNX_MAX_READY ? (int)capacity : CLNX_MAX_READY;
    struct timespec time = {.tv_sec = timeout / 1000000000, .tv_nsec = timeout % 1000000000};
    int count = epoll_pwait2(epoll, events, limit, timeout < 0 ? NULL : &time, NULL);
    if (count < 0) { return errno == EINTR ? 0 : -errno; }
    for (int i = 0; i < count; i++) {
        ready[i] = (struct clnx_ready){.token = events[i].data.u64, .events = events[i].events};
    }
    return count;
}

int clnx_event_create(void) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int clnx_event_signal(int event) {
    uint64_t one = 1;
    ssize_t written;
    do {
        written = write(event, &one, sizeof one);
    } while (written < 0 && errno == EINTR);
    // A counter that is full is signalled already.
    return written >= 0 || errno == EAGAIN ? 0 : -errno;
}

int clnx_event_drain(int event) {
    uint64_t count;
    ssize_t length;
    do {
        length = read(event, &count, sizeof count);
    } while (length < 0 && errno == EINTR);
    if (length >= 0) { return 1; }
    return errno == EAGAIN ? 0 : -errno;
}
