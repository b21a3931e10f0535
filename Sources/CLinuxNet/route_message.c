// SPDX-License-Identifier: Apache-2.0
//
// Decoding rtnetlink messages, whatever the bytes are. Loads go through memcpy, so nothing has to be aligned.

#include "CLinuxNet.h"

#include <endian.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <string.h>

_Static_assert(sizeof((struct clnx_link *)0)->name == IFNAMSIZ, "an interface's name");

static void take_name(struct clnx_link *link, const uint8_t *value, size_t length) {
    size_t count = length < sizeof link->name ? length : sizeof link->name - 1;
    memset(link->name, 0, sizeof link->name);
    memcpy(link->name, value, strnlen((const char *)value, count));
}

static void take_address(struct clnx_link *link, const uint8_t *value, size_t length) {
    uint64_t address = 0;
    if (length > sizeof address) { return; }
    memcpy(&address, value, length);
    link->address = be64toh(address);
    link->address_length = (uint16_t)length;
}

// Attributes of a link that are cut off or too short are left out.
static int decode_link(const uint8_t *bytes, size_t length, struct clnx_link *link) {
    struct ifinfomsg general;
    if (length < sizeof general) { return CLNX_ROUTE_MALFORMED; }
    memcpy(&general, bytes, sizeof general);
    // Bridges announce their ports as links of family AF_BRIDGE, also when a port leaves but the interface stays.
    if (general.ifi_family != AF_UNSPEC || general.ifi_index <= 0) { return CLNX_ROUTE_OTHER; }
    link->index = (uint32_t)general.ifi_index;
    link->flags = general.ifi_flags;
    link->type = general.ifi_type;

    size_t offset = sizeof general;
    while (length - offset >= sizeof(struct rtattr)) {
        struct rtattr attribute;
        memcpy(&attribute, bytes + offset, sizeof attribute);
        if (attribute.rta_len < sizeof attribute || attribute.rta_len > length - offset) { break; }
        const uint8_t *value = bytes + offset + sizeof attribute;
        size_t value_length = attribute.rta_len - sizeof attribute;
        switch (attribute.rta_type & NLA_TYPE_MASK) {
        case IFLA_IFNAME: take_name(link, value, value_length); break;
        case IFLA_ADDRESS: take_address(link, value, value_length); break;
        case IFLA_MTU:
            if (value_length >= sizeof link->mtu) { memcpy(&link->mtu, value, sizeof link->mtu); }
            break;
        default: break;
        }
        size_t step = RTA_ALIGN((size_t)attribute.rta_len);
        offset = step < length - offset ? offset + step : length;
    }
    return CLNX_ROUTE_LINK;
}

// The body of NLMSG_DONE is an int; that of NLMSG_ERROR begins with one, followed by the header of the request.
static int32_t decode_error(const uint8_t *bytes, size_t length) {
    int32_t error = 0;
    if (length >= sizeof error) { memcpy(&error, bytes, sizeof error); }
    return error > 0 ? -EPROTO : error;
}

static int decode_body(
    const struct nlmsghdr *header, const uint8_t *body, size_t length, struct clnx_route_message *message) {
    switch (header->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
        message->link.deleted = header->nlmsg_type == RTM_DELLINK;
        return decode_link(body, length, &message->link);
    case NLMSG_DONE:
        message->error = decode_error(body, length);
        return CLNX_ROUTE_DONE;
    case NLMSG_ERROR:
        if (length < sizeof(struct nlmsgerr)) { return CLNX_ROUTE_MALFORMED; }
        message->error = decode_error(body, length);
        return message->error == 0 ? CLNX_ROUTE_OTHER : CLNX_ROUTE_ERROR;
    default: return CLNX_ROUTE_OTHER;
    }
}

size_t clnx_route_decode(const void *bytes, size_t length, size_t offset, struct clnx_route_message *message) {
    memset(message, 0, sizeof *message);
    struct nlmsghdr header;
    message->kind = CLNX_ROUTE_MALFORMED;
    if (offset >= length || length - offset < sizeof header) { return length > offset ? length : offset + 1; }
    memcpy(&header, (const uint8_t *)bytes + offset, sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > length - offset) { return length; }

    const uint8_t *body = (const uint8_t *)bytes + offset + sizeof header;
    message->sequence = header.nlmsg_seq;
    message->interrupted = (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
    message->kind = (uint32_t)decode_body(&header, body, header.nlmsg_len - sizeof header, message);
    size_t step = NLMSG_ALIGN((size_t)header.nlmsg_len);
    return step < length - offset ? offset + step : length;
}
