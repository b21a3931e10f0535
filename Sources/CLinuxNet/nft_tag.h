// SPDX-License-Identifier: Apache-2.0
//
// The tag that a rule carries in its user data. User data is a row of items of type, length, value; nft(8) knows type 0
// (a comment) and passes over types that it does not know.

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { CLNX_NFT_TAG_TYPE = 'N' };

struct clnx_nft_tag {
    uint8_t type;
    uint8_t length;
    uint8_t value[8];
};
_Static_assert(sizeof(struct clnx_nft_tag) == 10, "no padding");

static inline struct clnx_nft_tag clnx_nft_make_tag(uint64_t value) {
    struct clnx_nft_tag tag = {.type = CLNX_NFT_TAG_TYPE, .length = sizeof tag.value};
    memcpy(tag.value, &value, sizeof value);
    return tag;
}

// The tag in `length` bytes of user data; 0 if there is none.
static inline uint64_t clnx_nft_read_tag(const void *user_data, uint32_t length) {
    struct clnx_nft_tag tag;
    uint64_t value = 0;
    if (length != sizeof tag) { return 0; }
    memcpy(&tag, user_data, sizeof tag);
    if (tag.type != CLNX_NFT_TAG_TYPE || tag.length != sizeof tag.value) { return 0; }
    memcpy(&value, tag.value, sizeof value);
    return value;
}
