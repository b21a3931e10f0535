// SPDX-License-Identifier: Apache-2.0
//
// Sending IP packets straight out of an interface: packet(7). The rules of CLinuxNet.h hold.

#pragma once

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

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

// For the two functions that send.
static inline struct sockaddr_ll clnx_packet_address(const struct clnx_packet_target *_Nonnull target) {
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(target->protocol),
        .sll_ifindex = (int)target->interface,
        .sll_halen = target->address_length,
    };
    uint64_t bytes = htobe64(target->address);
    _Static_assert(sizeof bytes == sizeof address.sll_addr, "room for the address");
    memcpy(address.sll_addr, &bytes, sizeof bytes);
    return address;
}

// sendto(2) without the C library around it: returns a length or -errno. Behind a system call processors don't foresee where
// functions return to, so that each that returns then costs as much as looking up where the packet goes.
__attribute__((always_inline)) static inline long clnx_packet_sendto(
    int fd, const void *_Nonnull packet, size_t length, const struct sockaddr_ll *_Nonnull address) {
#if defined(__x86_64__) && defined(__LP64__)
    register long flags __asm__("r10") = 0;
    register const struct sockaddr_ll *to __asm__("r8") = address;
    register size_t to_length __asm__("r9") = sizeof *address;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"((long)SYS_sendto), "D"((long)fd), "S"(packet), "d"(length), "r"(flags), "r"(to), "r"(to_length)
                     : "rcx", "r11", "memory");
    return result;
#else
    long result = syscall(SYS_sendto, fd, packet, length, 0, address, sizeof *address);
    return result < 0 ? -errno : result;
#endif
}

// The same as `clnx_packet_send` for a packet in one part and without a mark: some 100 ns less than with a header of the
// message around it.
__attribute__((always_inline)) static inline int clnx_packet_send_plain(
    int fd, const void *_Nonnull packet, size_t length, const struct clnx_packet_target *_Nonnull target) {
    struct sockaddr_ll address = clnx_packet_address(target);
    long sent;
    do {
        sent = clnx_packet_sendto(fd, packet, length, &address);
    } while (sent == -EINTR);
    return sent < 0 ? (int)sent : 0;
}
