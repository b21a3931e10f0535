// SPDX-License-Identifier: Apache-2.0
//
// Netlink sockets of any protocol: open, send, receive.

#include "netlink_socket.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

static int prepare(int fd, uint32_t groups) {
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) { return -errno; }
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    if (connect(fd, (struct sockaddr *)&kernel, sizeof kernel) != 0) { return -errno; }
    // Refusals carry the header of the refused message only.
    int on = 1;
    return setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on) == 0 ? 0 : -errno;
}

int clnx_netlink_open(int protocol, uint32_t groups) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (fd < 0) { return -errno; }
    int result = prepare(fd, groups);
    if (result == 0) { return fd; }
    close(fd);
    return result;
}

int clnx_netlink_send(int fd, const void *bytes, size_t length) {
    ssize_t sent;
    do {
        sent = send(fd, bytes, length, 0);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

int64_t clnx_netlink_receive(int fd, void *buffer, size_t capacity) {
    ssize_t length;
    do {
        length = recv(fd, buffer, capacity, MSG_DONTWAIT | MSG_TRUNC);
    } while (length < 0 && errno == EINTR);
    if (length < 0) { return errno == EAGAIN ? 0 : -errno; }
    return (size_t)length > capacity ? -EMSGSIZE : length;
}
