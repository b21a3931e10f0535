// SPDX-License-Identifier: Apache-2.0
//
// The two ends of a path: sockets of one process in two network namespaces. What arrives is thus known to the sender at
// once, without acknowledgements that would meet the queue or the network.

#pragma once

#include "options.h"

struct ends {
    int sender;    // connected to the receiver
    int receiver;  // connected to the sender; with TCP, the accepted connection
};

// Opens both ends of a UDP path, non-blocking, and lets one datagram pass, so that the neighbours know each other.
struct ends open_udp(const struct options *options);

// Opens both ends of a TCP connection, blocking.
struct ends open_tcp(const struct options *options);

// Takes all datagrams that wait off a socket; returns how many there were.
uint64_t drain(int fd);
