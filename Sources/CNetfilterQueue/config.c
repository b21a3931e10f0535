// SPDX-License-Identifier: Apache-2.0
//
// Configuring: one message that binds the queue and sets everything, and the kernel's answer to it.
//
// The kernel handles a netlink request before send(2) returns, so its answer is then already on the socket. No
// acknowledgement is asked for, because packets may reach the socket before it: the queue is bound by then. A refusal,
// however, is always alone, for the kernel checks everything that it may refuse before it binds, and a socket without a
// queue gets no packets. So a look at the first message tells: a refusal is taken off, anything else stays for
// `cnfq_receive`.

#include "queue_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(CNFQ_FAIL_OPEN == NFQA_CFG_F_FAIL_OPEN, "flag");
_Static_assert(CNFQ_CONNTRACK == NFQA_CFG_F_CONNTRACK, "flag");
_Static_assert(CNFQ_GSO == NFQA_CFG_F_GSO, "flag");
_Static_assert(CNFQ_UID_GID == NFQA_CFG_F_UID_GID, "flag");
_Static_assert(CNFQ_COPY_META == (int)NFQNL_COPY_META, "copy mode");
_Static_assert(CNFQ_COPY_PACKET == (int)NFQNL_COPY_PACKET, "copy mode");

enum { KNOWN_FLAGS = CNFQ_FAIL_OPEN | CNFQ_CONNTRACK | CNFQ_GSO | CNFQ_UID_GID, MESSAGE_SIZE = 256 };

static void put_flags(struct nlmsghdr *message, uint32_t flags, uint32_t mask) {
    mnl_attr_put_u32(message, NFQA_CFG_FLAGS, htonl(flags));
    mnl_attr_put_u32(message, NFQA_CFG_MASK, htonl(mask));
}

// Sends a request without acknowledgement; 0, or the kernel's refusal.
static int request(int fd, const struct nlmsghdr *message) {
    ssize_t sent;
    do {
        sent = send(fd, message, message->nlmsg_len, 0);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) { return -errno; }

    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
    } answer;
    ssize_t length = recv(fd, &answer, sizeof answer, MSG_PEEK | MSG_DONTWAIT);
    // ENOBUFS: packets came and found the buffer full already. It is reported once; the next look is the true one.
    if (length < 0 && errno == ENOBUFS) { length = recv(fd, &answer, sizeof answer, MSG_PEEK | MSG_DONTWAIT); }
    if (length < 0) { return errno == EAGAIN ? 0 : -errno; }
    if ((size_t)length < sizeof answer || answer.header.nlmsg_type != NLMSG_ERROR || answer.error.error == 0) {
        return 0;
    }
    if (answer.error.msg.nlmsg_seq != message->nlmsg_seq) { return 0; }
    (void)recv(fd, &answer, sizeof answer, MSG_DONTWAIT);
    return answer.error.error < 0 ? answer.error.error : -EPROTO;
}

// The flags are the first that the kernel checks; a request with one flag and no command is therefore refused with
// EOPNOTSUPP for that flag, or else because nothing is bound, and changes nothing.
static uint32_t find_refused(int fd, uint16_t queue, uint32_t flags) {
    uint32_t refused = 0;
    for (uint32_t flag = 1; flag <= flags; flag <<= 1) {
        if ((flags & flag) == 0) { continue; }
        char buffer[MESSAGE_SIZE] = {0};
        struct nlmsghdr *message = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, queue);
        message->nlmsg_seq = flag;
        put_flags(message, flag, flag);
        if (request(fd, message) == -EOPNOTSUPP) { refused |= flag; }
    }
    return refused;
}

static int check(const struct cnfq_config *config) {
    bool is_right = (config->flags & ~(uint32_t)KNOWN_FLAGS) == 0 && config->copy_range <= CNFQ_MAX_COPY_RANGE
        && (config->copy_mode == CNFQ_COPY_META || config->copy_mode == CNFQ_COPY_PACKET);
    return is_right ? 0 : -EINVAL;
}

static void put_settings(struct nlmsghdr *message, const struct cnfq_config *config) {
    uint32_t range = config->copy_range == 0 ? CNFQ_MAX_COPY_RANGE : config->copy_range;
    nfq_nlmsg_cfg_put_params(message, config->copy_mode, (int)range);
    if (config->queue_length != 0) { nfq_nlmsg_cfg_put_qmaxlen(message, config->queue_length); }
    put_flags(message, config->flags, KNOWN_FLAGS);
}

int cnfq_configure(int fd, const struct cnfq_config *config, uint32_t *refused_flags) {
    int result = check(config);
    if (result != 0) { return result; }
    char buffer[MESSAGE_SIZE] = {0};
    struct nlmsghdr *message = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, config->queue);
    message->nlmsg_seq = 1;
    nfq_nlmsg_cfg_put_cmd(message, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
    put_settings(message, config);

    result = request(fd, message);
    if (result == -EOPNOTSUPP) { *refused_flags = find_refused(fd, config->queue, config->flags); }
    return result;
}

// Another thread reads this socket, so a refusal would go to it. Flags, the only thing that a kernel may refuse of a queue
// that is bound, are tried on a socket of our own first.
int cnfq_reconfigure(int fd, const struct cnfq_config *config, uint32_t *refused_flags) {
    *refused_flags = 0;
    int result = check(config);
    if (result != 0) { return result; }
    int probe = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_NETFILTER);
    if (probe < 0) { return -errno; }
    *refused_flags = find_refused(probe, config->queue, config->flags);
    close(probe);
    if (*refused_flags != 0) { return -EOPNOTSUPP; }
    result = cnfq_set_receive_buffer(fd, config->receive_buffer);
    if (result != 0) { return result; }
    char buffer[MESSAGE_SIZE] = {0};
    struct nlmsghdr *message = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, config->queue);
    put_settings(message, config);
    ssize_t sent;
    do {
        sent = send(fd, message, message->nlmsg_len, 0);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}
