// SPDX-License-Identifier: Apache-2.0
//
// What a batch of packets for raw sockets looks like inside.

#pragma once

#include "CLinuxNet.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

union address {
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

// Room for a source and interface and for a mark.
struct control {
    _Alignas(struct cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint32_t))];
};
_Static_assert(sizeof(struct in_pktinfo) <= sizeof(struct in6_pktinfo), "room for either");

struct clnx_raw_batch {
    uint32_t count;  // packets
    uint32_t parts;  // of all packets
    struct mmsghdr headers[CLNX_RAW_BATCH];
    union address addresses[CLNX_RAW_BATCH];
    struct control controls[CLNX_RAW_BATCH];
    struct iovec vectors[CLNX_RAW_BATCH * CLNX_RAW_PARTS];
};
