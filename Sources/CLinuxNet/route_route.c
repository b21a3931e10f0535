// SPDX-License-Identifier: Apache-2.0
//
// RTM_NEWROUTE, RTM_DELROUTE.

#include "route_attribute.h"

#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

// RTA_VIA: a gateway of either family behind two bytes that name it.
static void take_via(const struct clnx_attribute *attribute, struct clnx_next_hop *hop) {
    uint16_t family;
    if (attribute->length < sizeof family) { return; }
    memcpy(&family, attribute->value, sizeof family);
    if (family > UINT8_MAX) { return; }
    clnx_take_ip(
        attribute->value + sizeof family, attribute->length - sizeof family, (uint8_t)family, &hop->gateway);
}

static void take_hop_attribute(const struct clnx_attribute *attribute, uint8_t family, struct clnx_next_hop *hop) {
    switch (attribute->type) {
    case RTA_GATEWAY: clnx_take_ip(attribute->value, attribute->length, family, &hop->gateway); break;
    case RTA_VIA: take_via(attribute, hop); break;
    default: break;
    }
}

// RTA_MULTIPATH: a row of rtnexthop, each with attributes of its own.
static void take_multipath(const struct clnx_attribute *attribute, uint8_t family, struct clnx_route *route) {
    const uint8_t *bytes = attribute->value;
    size_t length = attribute->length;
    struct rtnexthop general;
    route->hop_count = 0;
    while (length >= sizeof general && route->hop_count < CLNX_MAX_HOPS) {
        memcpy(&general, bytes, sizeof general);
        if (general.rtnh_len < sizeof general || general.rtnh_len > length) { return; }
        struct clnx_next_hop *hop = &route->hops[route->hop_count++];
        *hop = (struct clnx_next_hop){
            .interface = general.rtnh_ifindex > 0 ? (uint32_t)general.rtnh_ifindex : 0, .flags = general.rtnh_flags};
        struct clnx_attributes rest = {
            .bytes = bytes + sizeof general, .length = general.rtnh_len - sizeof general};
        struct clnx_attribute inner;
        while (clnx_next_attribute(&rest, &inner)) { take_hop_attribute(&inner, family, hop); }
        size_t step = RTNH_ALIGN((size_t)general.rtnh_len);
        if (step > length) { step = length; }
        bytes += step;
        length -= step;
    }
}

int clnx_decode_route(const uint8_t *bytes, size_t length, struct clnx_route *route) {
    struct rtmsg general;
    if (length < sizeof general) { return CLNX_ROUTE_MALFORMED; }
    memcpy(&general, bytes, sizeof general);
    // Multicast routing (RTNL_FAMILY_IPMR) and MPLS are dumped along with the others.
    if (general.rtm_family != AF_INET && general.rtm_family != AF_INET6) { return CLNX_ROUTE_OTHER; }
    uint8_t bits = general.rtm_family == AF_INET ? 32 : 128;
    if (general.rtm_dst_len > bits || general.rtm_src_len > bits) { return CLNX_ROUTE_MALFORMED; }
    route->family = general.rtm_family;
    route->prefix = general.rtm_dst_len;
    route->source_prefix = general.rtm_src_len;
    route->tos = general.rtm_tos;
    route->table = general.rtm_table;
    route->type = general.rtm_type;
    route->cloned = (general.rtm_flags & RTM_F_CLONED) != 0;
    route->destination.family = general.rtm_family;

    struct clnx_next_hop only = {.flags = (uint8_t)general.rtm_flags};
    const uint8_t none = 0;
    struct clnx_attribute multipath = {.value = &none};
    struct clnx_attributes rest = {.bytes = bytes + sizeof general, .length = length - sizeof general};
    struct clnx_attribute attribute;
    while (clnx_next_attribute(&rest, &attribute)) {
        switch (attribute.type) {
        case RTA_DST: clnx_take_ip(attribute.value, attribute.length, route->family, &route->destination); break;
        case RTA_TABLE: clnx_take_number(&attribute, &route->table); break;
        case RTA_PRIORITY: clnx_take_number(&attribute, &route->metric); break;
        case RTA_OIF: clnx_take_number(&attribute, &only.interface); break;
        case RTA_MULTIPATH: multipath = attribute; break;
        default: take_hop_attribute(&attribute, route->family, &only); break;
        }
    }
    route->hops[0] = only;
    route->hop_count = 1;
    if (multipath.length > 0) { take_multipath(&multipath, route->family, route); }
    return CLNX_ROUTE_ROUTE;
}
