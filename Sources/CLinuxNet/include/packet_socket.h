// SPDX-License-Identifier: Apache-2.0
//
// Sending IP packets straight out of an interface: packet(7). The rules of CLinuxNet.h hold.

#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "nullability.h"

// Opens a socket that sends and never receives, for `clnx_packet_send`. Returns a descriptor or -errno: -EPERM without
// CAP_NET_RAW, -EAFNOSUPPORT if the kernel has no packet sockets.
int clnx_packet_open(void);

// Has a descriptor stand for what another one stands for, at once: other threads may be using it. Returns 0 or -errno.
int clnx_descriptor_replace(int fd, int other);

// Where a packet goes.
struct clnx_packet_target {
    uint64_t address;        // link-layer address, first byte in the highest place
    uint32_t interface;      // index
    uint32_t mark;           // the packet's firewall mark, which traffic control may look at
    uint16_t protocol;       // ETH_P_IP 0x0800, ETH_P_IPV6 0x86dd
    uint8_t address_length;  // bytes of it, at most 8; 0 on an interface without link-layer addresses
};

// Sends one packet, which may lie in several parts, behind a link-layer header that the kernel writes. Passes nothing of
// netfilter but its hook egress of devices. Never blocks; any number of threads may send at once.
// Returns 0 or -errno: -EMSGSIZE longer than the interface's MTU, -ENETDOWN, -ENXIO no such interface, -EAGAIN the
// socket's buffer is full, -ENOBUFS the interface's queue is.
int clnx_packet_send(
    int fd, const struct iovec *_Nonnull parts, size_t count, const struct clnx_packet_target *_Nonnull target);
