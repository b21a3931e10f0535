// SPDX-License-Identifier: Apache-2.0
//
// A packet socket that only sends.

#define _GNU_SOURCE

#include "CLinuxNet.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// Bytes of memory for packets under way, in the kernel's count; it doubles what it is given.
enum { SEND_BUFFER = 4 << 20 };

int clnx_packet_open(void) {
    // For no protocol: nothing is ever received.
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) { return -errno; }
    int size = SEND_BUFFER / 2;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) == 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0) {
        return fd;
    }
    int error = errno;
    close(fd);
    return -error;
}

int clnx_descriptor_replace(int fd, int other) {
    return dup3(other, fd, O_CLOEXEC) < 0 ? -errno : 0;
}

int clnx_packet_send(int fd, const struct iovec *parts, size_t count, const struct clnx_packet_target *target) {
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(target->protocol),
        .sll_ifindex = (int)target->interface,
        .sll_halen = target->address_length,
    };
    uint64_t bytes = htobe64(target->address);
    _Static_assert(sizeof bytes == sizeof address.sll_addr, "room for the address");
    memcpy(address.sll_addr, &bytes, sizeof bytes);
    ssize_t sent;
    if (target->mark == 0 && count == 1) {
        // Some 100 ns less than with a header of the message around it. Not by sendto(3), where a thread could be cancelled:
        // seeing to that takes longer than looking up where the packet goes.
        do {
            sent = syscall(SYS_sendto, fd, parts->iov_base, parts->iov_len, 0, &address, sizeof address);
        } while (sent < 0 && errno == EINTR);
        return sent < 0 ? -errno : 0;
    }
    struct msghdr message = {
        .msg_name = &address, .msg_namelen = sizeof address, .msg_iov = (struct iovec *)parts, .msg_iovlen = count};

    union {
        struct cmsghdr header;
        uint8_t bytes[CMSG_SPACE(sizeof(uint32_t))];
    } control;
    if (target->mark != 0) {
        control.header = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SO_MARK, .cmsg_len = CMSG_LEN(sizeof target->mark)};
        memcpy(CMSG_DATA(&control.header), &target->mark, sizeof target->mark);
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
    }
    do {
        sent = sendmsg(fd, &message, 0);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}
