// SPDX-License-Identifier: Apache-2.0
//
// RTM_NEWADDR, RTM_DELADDR.

#include "route_attribute.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

static unsigned bits(uint8_t family) { return family == AF_INET ? 32 : 128; }

int clnx_decode_address(const uint8_t *bytes, size_t length, struct clnx_address *address) {
    struct ifaddrmsg general;
    if (length < sizeof general) { return CLNX_ROUTE_MALFORMED; }
    memcpy(&general, bytes, sizeof general);
    if (general.ifa_family != AF_INET && general.ifa_family != AF_INET6) { return CLNX_ROUTE_OTHER; }
    if (general.ifa_index == 0 || general.ifa_prefixlen > bits(general.ifa_family)) { return CLNX_ROUTE_MALFORMED; }
    address->interface = general.ifa_index;
    address->flags = general.ifa_flags;
    address->prefix = general.ifa_prefixlen;
    address->scope = general.ifa_scope;

    struct clnx_ip local = {0}, other = {0};
    struct clnx_attributes rest = {.bytes = bytes + sizeof general, .length = length - sizeof general};
    struct clnx_attribute attribute;
    while (clnx_next_attribute(&rest, &attribute)) {
        switch (attribute.type) {
        case IFA_LOCAL: clnx_take_ip(attribute.value, attribute.length, general.ifa_family, &local); break;
        case IFA_ADDRESS: clnx_take_ip(attribute.value, attribute.length, general.ifa_family, &other); break;
        case IFA_BROADCAST:
            clnx_take_ip(attribute.value, attribute.length, general.ifa_family, &address->broadcast);
            break;
        case IFA_LABEL: clnx_take_text(&attribute, address->label); break;
        case IFA_FLAGS: clnx_take_number(&attribute, &address->flags); break;
        default: break;
        }
    }
    // IFA_ADDRESS is the peer where there is one and the address itself otherwise; IPv6 leaves IFA_LOCAL out then.
    address->local = local.family != 0 ? local : other;
    address->peer = other.family != 0 ? other : local;
    return address->local.family != 0 ? CLNX_ROUTE_ADDRESS : CLNX_ROUTE_MALFORMED;
}
