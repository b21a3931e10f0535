// SPDX-License-Identifier: Apache-2.0
//
// nftables by libnftnl: transactions, tables, chains and rules. The rules of CLinuxNet.h hold.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nullability.h"

// MARK: - nftables: a transaction (nft.c, nft_rule.c)
//
// libnftnl's objects and one netlink batch: all of it happens, or nothing. Families are NFPROTO_IPV4 and NFPROTO_IPV6.
// Names have at most 255 bytes. Operations are numbered from 0 as they are added; functions that add one return its
// number or -errno (-ENOMEM, -EINVAL), and leave the transaction as it was on failure.

enum {
    CLNX_NFT_IPV4 = 2,
    CLNX_NFT_IPV6 = 10,
};

enum {
    CLNX_NFT_TABLE_DORMANT = 0x1,
    CLNX_NFT_TABLE_OWNER = 0x2,    // the socket that commits owns the table: nobody else can change it, and it is
                                   // removed when that socket closes
    CLNX_NFT_TABLE_PERSIST = 0x4,  // Linux 6.9: an owned table stays, ownerless, when the socket closes
};

struct clnx_nft;

// An empty transaction, null for want of memory; and its end. Committed or not, it is freed by the caller.
struct clnx_nft *_Nullable clnx_nft_begin(void);
void clnx_nft_free(struct clnx_nft *_Nullable transaction);

// Adds a table; `user_data`, at most 256 bytes, comes back in `clnx_nft_find_table`. It is a row of items of type (1 byte),
// length (1 byte), value; nft(8) shows type 0, a NUL-terminated text, as the table's comment. If there is one of this name already,
// -EEXIST at the commit with `exclusive`, else it stays as it is. With flags 0 no flags are sent, so that an existing
// table's flags do not matter: add (flags 0, not exclusive), delete, add replaces a table that may or may not exist.
// A table that another socket owns is -EPERM at the commit.
int clnx_nft_add_table(
    struct clnx_nft *_Nonnull transaction, uint8_t family, const char *_Nonnull table, uint32_t flags, bool exclusive,
    const void *_Nullable user_data, uint32_t user_data_length);

// Deletes a table and all in it. Deleting a base chain, here or below, drops every packet that waits in any queue of
// the namespace.
int clnx_nft_delete_table(struct clnx_nft *_Nonnull transaction, uint8_t family, const char *_Nonnull table);

// Adds a base chain of type filter and policy accept at `hook` (NF_INET_*: pre-routing 0, input 1, forward 2, output 3,
// post-routing 4). One that exists already with the same hook and priority stays as it is.
int clnx_nft_add_chain(
    struct clnx_nft *_Nonnull transaction, uint8_t family, const char *_Nonnull table, const char *_Nonnull chain,
    uint32_t hook, int32_t priority);
int clnx_nft_delete_chain(
    struct clnx_nft *_Nonnull transaction, uint8_t family, const char *_Nonnull table, const char *_Nonnull chain);

// How a field of a rule is compared.
enum {
    CLNX_NFT_ANY = 0,  // not at all
    CLNX_NFT_EQUAL = 1,
    CLNX_NFT_NOT_EQUAL = 2,
};

// How a rule queues.
enum {
    CLNX_NFT_NATIVE = 0,  // nftables' own `queue`; -ENOENT at the commit where the kernel lacks it
    CLNX_NFT_COMPAT = 1,  // the target NFQUEUE of xtables, revision 3
};

enum {
    CLNX_NFT_BYPASS = 0x1,  // packets pass while nobody holds the queue
    CLNX_NFT_FANOUT = 0x2,  // spread over the queues by processor instead
};

// A rule that sends what matches every comparison to a queue.
struct clnx_nft_rule {
    uint64_t tag;             // the caller's own, stored with the rule and listed by `clnx_nft_rules`
    uint32_t iif, oif;        // interface indices in, out
    uint32_t mark, mark_mask; // compared is the packet's mark AND mark_mask with mark
    uint16_t queue;           // number of the (first) queue
    uint16_t queues;          // number of queues, 1 or more: the kernel spreads packets over them by address pair and
                              // protocol, ports left out, both directions alike
    uint16_t flags;           // CLNX_NFT_BYPASS, CLNX_NFT_FANOUT
    uint8_t packet_type;      // PACKET_HOST 0, PACKET_BROADCAST 1, PACKET_MULTICAST 2, PACKET_OTHERHOST 3: packet(7)
    uint8_t compare_iif, compare_oif, compare_mark, compare_packet_type;  // CLNX_NFT_ANY ...
    uint8_t mechanism;        // CLNX_NFT_NATIVE, CLNX_NFT_COMPAT
    bool counts;              // whether it counts what it sends there, for `clnx_nft_rules`
};

// Appends a rule to a chain.
int clnx_nft_add_rule(
    struct clnx_nft *_Nonnull transaction, uint8_t family, const char *_Nonnull table, const char *_Nonnull chain,
    const struct clnx_nft_rule *_Nonnull rule);

// Deletes one rule by its handle, or all rules of a chain, which stays; packets that wait are not touched.
int clnx_nft_delete_rule(
    struct clnx_nft *_Nonnull transaction, uint8_t family, const char *_Nonnull table, const char *_Nonnull chain,
    uint64_t handle);
int clnx_nft_flush_chain(
    struct clnx_nft *_Nonnull transaction, uint8_t family, const char *_Nonnull table, const char *_Nonnull chain);

// MARK: - nftables: talking to the kernel (nft_commit.c, nft_list.c)

// Opens a netfilter socket in the calling thread's network namespace. It owns the tables that it creates with
// CLNX_NFT_TABLE_OWNER.
int clnx_nft_open(void);

struct clnx_nft_refusal {
    int32_t error;       // negative errno
    uint32_t operation;  // its number; UINT32_MAX if the kernel refused the transaction as a whole
};

// Commits, by one send(2), and reads every answer; the transaction can be committed again. Returns 0; or the first
// refusal's -errno, with nothing changed. `refusals`, room for `capacity`, then says what was refused, in order;
// `*refused` how many there were, which may be more than fit; very many (some 200) are not counted to the end. An empty
// transaction is 0. -EMSGSIZE: larger than the socket's send buffer, some 1,000 rules.
int clnx_nft_commit(
    int fd, struct clnx_nft *_Nonnull transaction, struct clnx_nft_refusal *_Nullable refusals, uint32_t capacity,
    uint32_t *_Nonnull refused);

struct clnx_nft_table {
    uint64_t handle;
    uint32_t flags;             // CLNX_NFT_TABLE_*
    uint32_t owner;             // netlink port id of the owner; 0 if none
    uint32_t uses;              // chains and the like in it
    uint32_t user_data_length;  // bytes
    uint8_t user_data[256];
    char name[256];             // ends with a NUL
};

// Looks up one table by name. Returns 0, -ENOENT, or -errno.
int clnx_nft_find_table(
    int fd, uint8_t family, const char *_Nonnull name, struct clnx_nft_table *_Nonnull table);

struct clnx_nft_listed_rule {
    uint64_t handle;
    uint64_t tag;      // 0 if it is not one of ours
    uint64_t packets;  // that it has counted; 0 for a rule that does not count
};

// Lists the rules of a chain in order. Returns how many there are, which may be more than `capacity`, 0 for a table or
// chain that does not exist, or -errno; -EINTR when a change came between: list again.
int clnx_nft_rules(
    int fd, uint8_t family, const char *_Nonnull table, const char *_Nonnull chain,
    struct clnx_nft_listed_rule *_Nonnull rules, uint32_t capacity);
