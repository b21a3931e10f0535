// SPDX-License-Identifier: Apache-2.0
//
// Raw sockets: what is the longest packet that goes where one went that was too long.

#define _GNU_SOURCE

#include "CLinuxNet.h"
#include "raw_batch.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <stdbool.h>
#include <string.h>

// Room for what the kernel tells of an error, with the address of whoever caused it.
enum { ERROR_ROOM = CMSG_SPACE(sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in6)) };

static int set(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value) == 0 ? 0 : -errno;
}

static int set_errors(int fd, bool is_ipv4, int value) {
    return is_ipv4 ? set(fd, IPPROTO_IP, IP_RECVERR, value) : set(fd, IPPROTO_IPV6, IPV6_RECVERR, value);
}

// The MTU that stands in the error at the front of the socket's queue.
static int read_error(int fd, bool is_ipv4) {
    _Alignas(struct cmsghdr) uint8_t control[ERROR_ROOM];
    struct msghdr message = {.msg_control = control, .msg_controllen = sizeof control};
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) { return -errno; }
    int level = is_ipv4 ? IPPROTO_IP : IPPROTO_IPV6;
    int type = is_ipv4 ? IP_RECVERR : IPV6_RECVERR;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part != NULL; part = CMSG_NXTHDR(&message, part)) {
        struct sock_extended_err error;
        if (part->cmsg_level != level || part->cmsg_type != type) { continue; }
        if (part->cmsg_len < CMSG_LEN(sizeof error)) { continue; }
        memcpy(&error, CMSG_DATA(part), sizeof error);
        if (error.ee_origin != SO_EE_ORIGIN_LOCAL || error.ee_errno != EMSGSIZE) { continue; }
        return error.ee_info > 0 && error.ee_info <= INT32_MAX ? (int)error.ee_info : -EMSGSIZE;
    }
    return -EMSGSIZE;
}

// What the kernel knows of the path, or a longest MTU that it doesn't exceed.
static int path_mtu(int fd, const struct msghdr *message, uint32_t mark, int longest) {
    int mtu = 0;
    socklen_t length = sizeof mtu;
    bool is_marked = mark != 0 && set(fd, SOL_SOCKET, SO_MARK, (int)mark) == 0;
    if (connect(fd, message->msg_name, message->msg_namelen) == 0) {
        if (getsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &mtu, &length) != 0) { mtu = 0; }
        struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
        (void)connect(fd, &nowhere, sizeof nowhere);
    }
    if (is_marked) { (void)set(fd, SOL_SOCKET, SO_MARK, 0); }
    return mtu > 0 && mtu < longest ? mtu : longest;
}

int clnx_raw_mtu(int fd, uint8_t family, uint32_t mark, struct clnx_raw_batch *batch) {
    if (batch->count != 1) {
        clnx_raw_clear(batch);
        return -EINVAL;
    }
    const struct msghdr *message = &batch->headers[0].msg_hdr;
    bool is_ipv4 = family == AF_INET;
    int result = set_errors(fd, is_ipv4, 1);
    if (result == 0) {
        result = sendmsg(fd, message, 0) >= 0 ? 0 : -errno;
        if (result == -EMSGSIZE) { result = read_error(fd, is_ipv4); }
        // Empties the queue of errors too.
        (void)set_errors(fd, is_ipv4, 0);
    }
    if (result > 0 && !is_ipv4) { result = path_mtu(fd, message, mark, result); }
    clnx_raw_clear(batch);
    return result;
}
