// SPDX-License-Identifier: Apache-2.0
//
// Datagrams as fast as one processor can send them, however many get through.
//
// Prints packets offered and delivered per second, the share that was lost and, with -x, the consumer's processor time
// per packet delivered. Options: options.h.

#include "clock.h"
#include "ends.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SENT_BETWEEN_LOOKS = 32 };

int main(int argc, char **argv) {
    struct options options = read_options(argc, argv);
    struct ends ends = open_udp(&options);
    static char payload[1400];
    uint64_t sent = 0, arrived = 0;
    int64_t start = now(), busy = processor_time(options.consumer);
    int64_t end = start + (int64_t)(options.seconds * 1e9);
    while (now() < end) {
        for (int i = 0; i < SENT_BETWEEN_LOOKS; i++) {
            if (send(ends.sender, payload, options.size, 0) > 0) { sent++; }
        }
        arrived += drain(ends.receiver);
    }
    double seconds = (double)(now() - start) / 1e9;
    // What waits now was sent in time, so it counts as delivered and the time that it takes does not.
    for (uint64_t more = 1; more > 0; arrived += more) {
        usleep(200000);
        more = drain(ends.receiver);
    }
    busy = processor_time(options.consumer) - busy;
    printf(
        "offered_per_second=%.0f delivered_per_second=%.0f lost_percent=%.2f cpu_us_per_packet=%.3f\n",
        (double)sent / seconds, (double)arrived / seconds, 100.0 * (double)(sent - arrived) / (double)sent,
        arrived > 0 ? (double)busy / 1e3 / (double)arrived : 0);
}
