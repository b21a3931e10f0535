// SPDX-License-Identifier: Apache-2.0
//
// A packet socket that only sends.

#define _GNU_SOURCE

#include "CLinuxNet.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
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
    struct sockaddr_ll address = clnx_packet_address(target);
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
    ssize_t sent;
    do {
        sent = sendmsg(fd, &message, 0);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}
