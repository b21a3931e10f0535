// SPDX-License-Identifier: Apache-2.0

#include "route_attribute.h"

#include <endian.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(sizeof((struct clnx_link *)0)->name == IFNAMSIZ, "an interface's name");

bool clnx_next_attribute(struct clnx_attributes *rest, struct clnx_attribute *attribute) {
    struct rtattr header;
    if (rest->length < sizeof header) { return false; }
    memcpy(&header, rest->bytes, sizeof header);
    if (header.rta_len < sizeof header || header.rta_len > rest->length) { return false; }
    attribute->type = header.rta_type & NLA_TYPE_MASK;
    attribute->value = rest->bytes + sizeof header;
    attribute->length = header.rta_len - sizeof header;
    size_t step = RTA_ALIGN((size_t)header.rta_len);
    if (step > rest->length) { step = rest->length; }
    rest->bytes += step;
    rest->length -= step;
    return true;
}

void clnx_take_number(const struct clnx_attribute *attribute, uint32_t *number) {
    if (attribute->length >= sizeof *number) { memcpy(number, attribute->value, sizeof *number); }
}

void clnx_take_link_layer(const struct clnx_attribute *attribute, uint64_t *address, uint16_t *length) {
    uint64_t bytes = 0;
    if (attribute->length > sizeof bytes) { return; }
    memcpy(&bytes, attribute->value, attribute->length);
    *address = be64toh(bytes);
    *length = (uint16_t)attribute->length;
}

void clnx_take_text(const struct clnx_attribute *attribute, char text[16]) {
    size_t count = attribute->length < 16 ? attribute->length : 15;
    memset(text, 0, 16);
    memcpy(text, attribute->value, strnlen((const char *)attribute->value, count));
}

void clnx_take_ip(const uint8_t *value, size_t length, uint8_t family, struct clnx_ip *address) {
    if (family == AF_INET && length == 4) {
        uint32_t number;
        memcpy(&number, value, sizeof number);
        *address = (struct clnx_ip){.low = be32toh(number), .family = AF_INET};
    } else if (family == AF_INET6 && length == 16) {
        uint64_t halves[2];
        memcpy(halves, value, sizeof halves);
        *address = (struct clnx_ip){.high = be64toh(halves[0]), .low = be64toh(halves[1]), .family = AF_INET6};
    }
}
