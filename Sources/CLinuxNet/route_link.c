// SPDX-License-Identifier: Apache-2.0
//
// RTM_NEWLINK, RTM_DELLINK.

#include "route_attribute.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

static void take_kind(const struct clnx_attribute *information, struct clnx_link *link) {
    struct clnx_attributes rest = {.bytes = information->value, .length = information->length};
    struct clnx_attribute attribute;
    while (clnx_next_attribute(&rest, &attribute)) {
        if (attribute.type == IFLA_INFO_KIND) { clnx_take_text(&attribute, link->kind); }
    }
}

int clnx_decode_link(const uint8_t *bytes, size_t length, struct clnx_link *link) {
    struct ifinfomsg general;
    if (length < sizeof general) { return CLNX_ROUTE_MALFORMED; }
    memcpy(&general, bytes, sizeof general);
    // Bridges announce their ports as links of family AF_BRIDGE, also when a port leaves but the interface stays.
    if (general.ifi_family != AF_UNSPEC || general.ifi_index <= 0) { return CLNX_ROUTE_OTHER; }
    link->index = (uint32_t)general.ifi_index;
    link->flags = general.ifi_flags;
    link->type = general.ifi_type;

    struct clnx_attributes rest = {.bytes = bytes + sizeof general, .length = length - sizeof general};
    struct clnx_attribute attribute;
    while (clnx_next_attribute(&rest, &attribute)) {
        switch (attribute.type) {
        case IFLA_IFNAME: clnx_take_text(&attribute, link->name); break;
        case IFLA_ADDRESS: clnx_take_link_layer(&attribute, &link->address, &link->address_length); break;
        case IFLA_MTU: clnx_take_number(&attribute, &link->mtu); break;
        case IFLA_MASTER: clnx_take_number(&attribute, &link->master); break;
        case IFLA_LINKINFO: take_kind(&attribute, link); break;
        default: break;
        }
    }
    return CLNX_ROUTE_LINK;
}
