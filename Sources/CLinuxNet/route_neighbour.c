// SPDX-License-Identifier: Apache-2.0
//
// RTM_NEWNEIGH, RTM_DELNEIGH; asking for a neighbour.

#include "netlink_socket.h"
#include "route_attribute.h"

#include <endian.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(CLNX_NEIGHBOUR_INCOMPLETE == NUD_INCOMPLETE && CLNX_NEIGHBOUR_REACHABLE == NUD_REACHABLE, "state");
_Static_assert(CLNX_NEIGHBOUR_STALE == NUD_STALE && CLNX_NEIGHBOUR_DELAY == NUD_DELAY, "state");
_Static_assert(CLNX_NEIGHBOUR_PROBE == NUD_PROBE && CLNX_NEIGHBOUR_FAILED == NUD_FAILED, "state");
_Static_assert(CLNX_NEIGHBOUR_NOARP == NUD_NOARP && CLNX_NEIGHBOUR_PERMANENT == NUD_PERMANENT, "state");

int clnx_decode_neighbour(const uint8_t *bytes, size_t length, struct clnx_neighbour *neighbour) {
    struct ndmsg general;
    if (length < sizeof general) { return CLNX_ROUTE_MALFORMED; }
    memcpy(&general, bytes, sizeof general);
    // Bridges tell of their forwarding tables here (AF_BRIDGE). An address for which the host answers is no neighbour.
    if (general.ndm_family != AF_INET && general.ndm_family != AF_INET6) { return CLNX_ROUTE_OTHER; }
    if ((general.ndm_flags & NTF_PROXY) != 0) { return CLNX_ROUTE_OTHER; }
    if (general.ndm_ifindex <= 0) { return CLNX_ROUTE_MALFORMED; }
    neighbour->interface = (uint32_t)general.ndm_ifindex;
    neighbour->state = general.ndm_state;

    struct clnx_attributes rest = {.bytes = bytes + sizeof general, .length = length - sizeof general};
    struct clnx_attribute attribute;
    while (clnx_next_attribute(&rest, &attribute)) {
        switch (attribute.type) {
        case NDA_DST:
            clnx_take_ip(attribute.value, attribute.length, general.ndm_family, &neighbour->destination);
            break;
        case NDA_LLADDR: clnx_take_link_layer(&attribute, &neighbour->address, &neighbour->address_length); break;
        default: break;
        }
    }
    return neighbour->destination.family != 0 ? CLNX_ROUTE_NEIGHBOUR : CLNX_ROUTE_MALFORMED;
}

static int request(
    int fd, uint16_t type, uint16_t flags, uint8_t neighbour_flags, uint32_t interface, const struct clnx_ip *address,
    uint32_t sequence) {
    struct {
        struct nlmsghdr header;
        struct ndmsg general;
        struct rtattr attribute;
        uint8_t destination[16];
    } message = {
        .header = {.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags, .nlmsg_seq = sequence},
        .general = {.ndm_family = address->family, .ndm_ifindex = (int)interface, .ndm_flags = neighbour_flags},
        .attribute = {.rta_type = NDA_DST},
    };
    uint16_t count;
    if (address->family == AF_INET) {
        uint32_t number = htobe32((uint32_t)address->low);
        count = sizeof number;
        memcpy(message.destination, &number, count);
    } else if (address->family == AF_INET6) {
        uint64_t halves[2] = {htobe64(address->high), htobe64(address->low)};
        count = sizeof halves;
        memcpy(message.destination, halves, count);
    } else {
        return -EAFNOSUPPORT;
    }
    message.attribute.rta_len = RTA_LENGTH(count);
    message.header.nlmsg_len = NLMSG_LENGTH(sizeof message.general) + RTA_LENGTH(count);
    return clnx_netlink_send(fd, &message, message.header.nlmsg_len);
}

int clnx_neighbour_get(int fd, uint32_t interface, const struct clnx_ip *address, uint32_t sequence) {
    return request(fd, RTM_GETNEIGH, 0, 0, interface, address, sequence);
}

int clnx_neighbour_use(int fd, uint32_t interface, const struct clnx_ip *address, uint32_t sequence) {
    return request(fd, RTM_NEWNEIGH, NLM_F_CREATE, NTF_USE, interface, address, sequence);
}
