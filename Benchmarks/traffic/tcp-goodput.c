// SPDX-License-Identifier: Apache-2.0
//
// One TCP connection, as many bytes as get through.
//
// Prints the receiver's gigabits per second and, with -x, the consumer's processor seconds per gigabyte. Options:
// options.h.

#include "clock.h"
#include "ends.h"

#include <err.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static char sent_bytes[128 << 10], received_bytes[256 << 10];
static _Atomic uint64_t received;

static void *receive(void *argument) {
    const struct ends *ends = argument;
    for (ssize_t length; (length = recv(ends->receiver, received_bytes, sizeof received_bytes, 0)) > 0;) {
        atomic_fetch_add_explicit(&received, (uint64_t)length, memory_order_relaxed);
    }
    return NULL;
}

static void *transmit(void *argument) {
    const struct ends *ends = argument;
    while (send(ends->sender, sent_bytes, sizeof sent_bytes, MSG_NOSIGNAL) > 0) {}
    return NULL;
}

int main(int argc, char **argv) {
    struct options options = read_options(argc, argv);
    struct ends ends = open_tcp(&options);
    pthread_t threads[2];
    if (pthread_create(&threads[0], NULL, receive, &ends) != 0
        || pthread_create(&threads[1], NULL, transmit, &ends) != 0) {
        errx(1, "thread");
    }
    usleep(500000);  // past slow start

    uint64_t before = received;
    int64_t start = now(), busy = processor_time(options.consumer);
    usleep((useconds_t)(options.seconds * 1e6));
    double bytes = (double)(received - before);
    double seconds = (double)(now() - start) / 1e9;
    busy = processor_time(options.consumer) - busy;
    printf(
        "gigabits_per_second=%.3f cpu_s_per_gigabyte=%.3f\n", bytes * 8 / seconds / 1e9,
        bytes > 0 ? (double)busy / bytes : 0);
}
