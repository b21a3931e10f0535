// SPDX-License-Identifier: Apache-2.0
//
// Round trips one at a time: a datagram goes to the receiver and comes straight back. Both ends spin, so that nothing
// is measured but the way.
//
// Prints the median and the 99th percentile in microseconds. Options: options.h.

#include "clock.h"
#include "ends.h"

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { MOST = 1000000 };

// Waits for the datagram with the given number; false if it does not come.
static bool await(int fd, uint64_t number, int64_t deadline) {
    uint64_t received = 0;
    do {
        ssize_t length = recv(fd, &received, sizeof received, 0);
        if (length == sizeof received && received == number) { return true; }
        if (length < 0 && errno != EAGAIN) { err(1, "receive"); }
    } while (now() < deadline);
    return false;
}

static int compare(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

int main(int argc, char **argv) {
    struct options options = read_options(argc, argv);
    struct ends ends = open_udp(&options);
    int64_t *times = malloc(MOST * sizeof *times);
    if (times == NULL) { err(1, "memory"); }
    size_t count = 0, lost = 0;
    int64_t end = now() + (int64_t)(options.seconds * 1e9);
    for (uint64_t number = 1; now() < end && count < MOST; number++) {
        int64_t start = now(), deadline = start + 100000000;
        if (send(ends.sender, &number, sizeof number, 0) < 0) { err(1, "send"); }
        bool there = await(ends.receiver, number, deadline);
        if (there && send(ends.receiver, &number, sizeof number, 0) < 0) { err(1, "send back"); }
        if (there && await(ends.sender, number, deadline)) {
            times[count++] = now() - start;
        } else {
            lost++;
        }
    }
    if (count == 0) { errx(1, "no round trip succeeded"); }
    qsort(times, count, sizeof *times, compare);
    printf(
        "round_trips=%zu lost=%zu median_us=%.2f p99_us=%.2f\n", count, lost, (double)times[count / 2] / 1e3,
        (double)times[count * 99 / 100] / 1e3);
}
