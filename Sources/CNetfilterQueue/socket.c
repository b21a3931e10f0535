// SPDX-License-Identifier: Apache-2.0
//
// Opening: a netlink socket that only the kernel can send to, with buffers of the wanted size.

#include "queue_socket.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

static int set_buffer(int fd, int forced, int limited, uint32_t bytes) {
    if (bytes == 0) { return 0; }
    // The kernel doubles what it is given, so more than this would overflow its int.
    int value = bytes > INT32_MAX / 2 ? INT32_MAX / 2 : (int)bytes;
    if (setsockopt(fd, SOL_SOCKET, forced, &value, sizeof value) == 0) { return 0; }
    // Without CAP_NET_ADMIN in the first user namespace, net.core.rmem_max and wmem_max hold.
    return setsockopt(fd, SOL_SOCKET, limited, &value, sizeof value) == 0 ? 0 : -errno;
}

int cnfq_set_receive_buffer(int fd, uint32_t bytes) { return set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, bytes); }

static int set_options(int fd, const struct cnfq_config *config) {
    int result = cnfq_set_receive_buffer(fd, config->receive_buffer);
    if (result != 0) { return result; }
    // A message as long as the whole buffer is refused (EMSGSIZE): the kernel keeps 32 bytes back.
    uint32_t send_buffer = config->send_buffer == 0 ? 0 : config->send_buffer + 64;
    result = set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, send_buffer);
    if (result != 0) { return result; }
    // A refusal then carries the header of the refused verdict only, not its payload.
    int on = 1;
    return setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on) == 0 ? 0 : -errno;
}

static int connect_to_kernel(int fd, uint32_t *port) {
    // The kernel refuses messages from any other port to a connected netlink socket, so that not every packet's
    // sender has to be copied out and looked at.
    struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) { return -errno; }
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) { return -errno; }
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) { return -errno; }
    *port = address.nl_pid;
    return 0;
}

static int prepare(int fd, const struct cnfq_config *config, struct cnfq_opened *opened) {
    int result = set_options(fd, config);
    if (result != 0) { return result; }
    result = connect_to_kernel(fd, &opened->port);
    if (result != 0) { return result; }
    int granted = 0;
    socklen_t length = sizeof granted;
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &granted, &length) != 0) { return -errno; }
    opened->receive_buffer = (uint32_t)granted;
    return cnfq_configure(fd, config, &opened->refused_flags);
}

int cnfq_open(const struct cnfq_config *config, struct cnfq_opened *opened) {
    *opened = (struct cnfq_opened){.fd = -1};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_NETFILTER);
    if (fd < 0) { return -errno; }
    int result = prepare(fd, config, opened);
    if (result != 0) {
        close(fd);
        return result;
    }
    opened->fd = fd;
    return 0;
}
