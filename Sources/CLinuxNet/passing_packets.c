// SPDX-License-Identifier: Apache-2.0
//
// Waiting for packets that pass netfilter.

#define _GNU_SOURCE

#include "CLinuxNet.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/membarrier.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int clnx_passing_open(void) {
    // For no protocol: nothing is ever received.
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return fd >= 0 ? fd : -errno;
}

int clnx_passing_wait(int fd) {
    struct tpacket_req none = {0};
    return setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &none, sizeof none) == 0 ? 0 : -errno;
}

int clnx_passing_wait_unopened(void) { return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0 ? 0 : -errno; }
