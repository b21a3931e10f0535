// SPDX-License-Identifier: Apache-2.0
//
// An nftables transaction from the inside: netlink messages one after the other in memory that grows.

#pragma once

#include "CLinuxNet.h"

#include <libmnl/libmnl.h>

struct clnx_nft {
    uint8_t *_Nonnull bytes;  // the opening message of a batch, then the operations
    size_t capacity;
    size_t length;
    size_t last;  // where the last operation begins
    uint32_t operations;
};

// The sequence number of operation 0; the opening message has the one before.
enum { CLNX_NFT_FIRST_SEQUENCE = 1 };

// True for a name that the kernel takes: 1 to 255 bytes.
bool clnx_nft_is_name(const char *_Nonnull name);

// Begins an operation (NFT_MSG_*) with room for any payload, null for want of memory. It becomes part of the
// transaction by `clnx_nft_finish`, which returns its number.
struct nlmsghdr *_Nullable clnx_nft_start(
    struct clnx_nft *_Nonnull transaction, uint16_t type, uint8_t family, uint16_t flags);
int clnx_nft_finish(struct clnx_nft *_Nonnull transaction, const struct nlmsghdr *_Nonnull message);
