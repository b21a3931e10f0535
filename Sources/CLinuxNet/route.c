// SPDX-License-Identifier: Apache-2.0
//
// rtnetlink(7): subscribing and asking.

#include "netlink_socket.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

_Static_assert(CLNX_GROUP_LINK == RTMGRP_LINK && CLNX_GROUP_NEIGHBOUR == RTMGRP_NEIGH, "group");
_Static_assert(CLNX_GROUP_IPV4_ADDRESS == RTMGRP_IPV4_IFADDR && CLNX_GROUP_IPV4_ROUTE == RTMGRP_IPV4_ROUTE, "group");
_Static_assert(CLNX_GROUP_IPV6_ADDRESS == RTMGRP_IPV6_IFADDR && CLNX_GROUP_IPV6_ROUTE == RTMGRP_IPV6_ROUTE, "group");

int clnx_route_open(uint32_t groups) { return clnx_netlink_open(NETLINK_ROUTE, groups); }

static int request(uint32_t kind) {
    switch (kind) {
    case CLNX_ROUTE_LINK: return RTM_GETLINK;
    case CLNX_ROUTE_ADDRESS: return RTM_GETADDR;
    case CLNX_ROUTE_ROUTE: return RTM_GETROUTE;
    default: return -EINVAL;
    }
}

int clnx_route_dump(int fd, uint32_t kind, uint32_t sequence) {
    int type = request(kind);
    if (type < 0) { return type; }
    struct {
        struct nlmsghdr header;
        struct rtgenmsg general;
    } message = {
        .header = {
            .nlmsg_len = NLMSG_LENGTH(sizeof(struct rtgenmsg)),
            .nlmsg_type = (uint16_t)type,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
            .nlmsg_seq = sequence,
        },
        .general = {.rtgen_family = AF_UNSPEC},
    };
    return clnx_netlink_send(fd, &message, message.header.nlmsg_len);
}

int64_t clnx_route_receive(int fd, void *buffer, size_t capacity) { return clnx_netlink_receive(fd, buffer, capacity); }
