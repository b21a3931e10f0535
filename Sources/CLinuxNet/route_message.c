// SPDX-License-Identifier: Apache-2.0
//
// Decoding rtnetlink messages, whatever the bytes are.

#include "route_attribute.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

// The body of NLMSG_DONE is an int; that of NLMSG_ERROR begins with one, followed by the header of the request.
enum { LAST_ERROR = -4095 };  // of the kernel, MAX_ERRNO

static int32_t decode_error(const uint8_t *bytes, size_t length) {
    int32_t error = 0;
    if (length >= sizeof error) { memcpy(&error, bytes, sizeof error); }
    return error > 0 || error < LAST_ERROR ? -EPROTO : error;
}

static int decode_body(
    const struct nlmsghdr *header, const uint8_t *body, size_t length, struct clnx_route_message *message) {
    switch (header->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
        message->deleted = header->nlmsg_type == RTM_DELLINK;
        return clnx_decode_link(body, length, &message->link);
    case RTM_NEWADDR:
    case RTM_DELADDR:
        message->deleted = header->nlmsg_type == RTM_DELADDR;
        return clnx_decode_address(body, length, &message->address);
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
        message->deleted = header->nlmsg_type == RTM_DELROUTE;
        return clnx_decode_route(body, length, &message->route);
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
        message->deleted = header->nlmsg_type == RTM_DELNEIGH;
        return clnx_decode_neighbour(body, length, &message->neighbour);
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
    message->dumped = (header.nlmsg_flags & NLM_F_MULTI) != 0;
    message->interrupted = (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
    message->kind = (uint32_t)decode_body(&header, body, header.nlmsg_len - sizeof header, message);
    size_t step = NLMSG_ALIGN((size_t)header.nlmsg_len);
    return step < length - offset ? offset + step : length;
}
