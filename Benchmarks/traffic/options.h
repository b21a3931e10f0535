// SPDX-License-Identifier: Apache-2.0
//
// The options that the traffic programs have in common.
//
//     -f NETNS    sending namespace (a name in /run/netns)        -s ADDRESS  its address
//     -t NETNS    receiving namespace                             -d ADDRESS  its address
//     -n SECONDS  how long to measure (5)                         -p PORT     receiving port (9000)
//     -w WINDOW   packets in flight at most (128)                 -z BYTES    payload of a datagram (64)
//     -x PID      consumer whose processor time to measure        -c CPU      processor to run on (0)

#pragma once

#include <stdint.h>
#include <sys/types.h>

struct options {
    const char *from, *to;
    const char *source, *destination;
    double seconds;
    uint16_t port;
    uint32_t window, size;
    pid_t consumer;
    int processor;
};

// Reads the options, ends the program if they are wrong, and binds the calling thread to the processor asked for.
struct options read_options(int argc, char **argv);
