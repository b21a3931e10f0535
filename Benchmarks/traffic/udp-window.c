// SPDX-License-Identifier: Apache-2.0
//
// Datagrams as fast as they get through, with a limited number on the way, so that none has a reason to be lost.
//
// Prints packets per second, packets lost and, with -x, the consumer's processor time per packet. Options: options.h.

#include "clock.h"
#include "ends.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

// Packets sent between two looks at the receiver while the window is open.
enum { SENT_BETWEEN_LOOKS = 16 };

struct progress {
    uint64_t sent, arrived;
    uint64_t given_up;  // on the way for so long that they count as lost
};

// Sends and receives until `end`.
static void run(const struct options *options, const struct ends *ends, int64_t end, struct progress *progress) {
    static char payload[1400];
    int64_t last_arrival = now();
    for (;;) {
        for (int i = 0; i < SENT_BETWEEN_LOOKS; i++) {
            if (progress->sent - progress->arrived - progress->given_up >= options->window) { break; }
            if (send(ends->sender, payload, options->size, 0) > 0) { progress->sent++; }
        }
        uint64_t arrived = drain(ends->receiver);
        int64_t time = now();
        if (arrived > 0) {
            progress->arrived += arrived;
            last_arrival = time;
        } else if (time - last_arrival > 100000000) {
            progress->given_up = progress->sent - progress->arrived;
            last_arrival = time;
        }
        if (time >= end) { return; }
    }
}

int main(int argc, char **argv) {
    struct options options = read_options(argc, argv);
    struct ends ends = open_udp(&options);
    struct progress progress = {0};
    run(&options, &ends, now() + 300000000, &progress);

    struct progress before = progress;
    int64_t start = now(), busy = processor_time(options.consumer);
    run(&options, &ends, start + (int64_t)(options.seconds * 1e9), &progress);
    double seconds = (double)(now() - start) / 1e9;
    busy = processor_time(options.consumer) - busy;
    double packets = (double)(progress.arrived - before.arrived);

    usleep(200000);
    progress.arrived += drain(ends.receiver);
    printf(
        "packets_per_second=%.0f lost=%llu cpu_us_per_packet=%.3f\n", packets / seconds,
        (unsigned long long)(progress.sent - progress.arrived), packets > 0 ? (double)busy / 1e3 / packets : 0);
}
