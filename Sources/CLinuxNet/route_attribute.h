// SPDX-License-Identifier: Apache-2.0
//
// Walking rtnetlink attributes, and what the bodies of messages are decoded with. Loads go through memcpy, so nothing
// has to be aligned.

#pragma once

#include "CLinuxNet.h"

// The attributes that are left to look at.
struct clnx_attributes {
    const uint8_t *_Nonnull bytes;
    size_t length;
};

struct clnx_attribute {
    uint16_t type;  // without the flags for nesting and byte order
    const uint8_t *_Nonnull value;
    size_t length;
};

// Takes the next attribute; false when there is none, or when it is cut off, which ends the walk.
bool clnx_next_attribute(struct clnx_attributes *_Nonnull rest, struct clnx_attribute *_Nonnull attribute);

// Take a value; one that is too short, or a link-layer address of more than 8 bytes, leaves the target as it is.
void clnx_take_number(const struct clnx_attribute *_Nonnull attribute, uint32_t *_Nonnull number);
void clnx_take_link_layer(
    const struct clnx_attribute *_Nonnull attribute, uint64_t *_Nonnull address, uint16_t *_Nonnull length);
void clnx_take_text(const struct clnx_attribute *_Nonnull attribute, char text[_Nonnull 16]);
// An address of AF_INET or AF_INET6; anything else, or one of the wrong length, leaves the target as it is.
void clnx_take_ip(
    const uint8_t *_Nonnull value, size_t length, uint8_t family, struct clnx_ip *_Nonnull address);

// Decode the body of a message; return a CLNX_ROUTE_ kind.
int clnx_decode_link(const uint8_t *_Nonnull bytes, size_t length, struct clnx_link *_Nonnull link);
int clnx_decode_address(const uint8_t *_Nonnull bytes, size_t length, struct clnx_address *_Nonnull address);
int clnx_decode_route(const uint8_t *_Nonnull bytes, size_t length, struct clnx_route *_Nonnull route);
int clnx_decode_neighbour(const uint8_t *_Nonnull bytes, size_t length, struct clnx_neighbour *_Nonnull neighbour);
