// SPDX-License-Identifier: Apache-2.0
//
// An nftables transaction: its memory, and the operations on tables and chains.

#include "nft_transaction.h"

#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(CLNX_NFT_IPV4 == (int)NFPROTO_IPV4 && CLNX_NFT_IPV6 == (int)NFPROTO_IPV6, "family");
_Static_assert(CLNX_NFT_TABLE_DORMANT == (int)NFT_TABLE_F_DORMANT, "flag");
_Static_assert(CLNX_NFT_TABLE_OWNER == (int)NFT_TABLE_F_OWNER, "flag");

// Bytes that any operation or the two messages around a batch fit in: three names, user data, a rule's expressions.
enum { OPERATION_SIZE = 4096, LONGEST_NAME = 255, LONGEST_USER_DATA = 256 };
_Static_assert(LONGEST_NAME < NFT_NAME_MAXLEN && LONGEST_USER_DATA <= NFT_USERDATA_MAXLEN, "limits of the kernel");

struct clnx_nft *clnx_nft_begin(void) {
    struct clnx_nft *transaction = calloc(1, sizeof *transaction);
    uint8_t *bytes = malloc(OPERATION_SIZE);
    if (transaction == NULL || bytes == NULL) {
        free(transaction);
        free(bytes);
        return NULL;
    }
    const struct nlmsghdr *opening = nftnl_batch_begin((char *)bytes, CLNX_NFT_FIRST_SEQUENCE - 1);
    *transaction = (struct clnx_nft){.bytes = bytes, .capacity = OPERATION_SIZE, .length = opening->nlmsg_len};
    return transaction;
}

void clnx_nft_free(struct clnx_nft *transaction) {
    if (transaction == NULL) { return; }
    free(transaction->bytes);
    free(transaction);
}

bool clnx_nft_is_name(const char *name) {
    size_t length = strnlen(name, LONGEST_NAME + 1);
    return length > 0 && length <= LONGEST_NAME;
}

struct nlmsghdr *clnx_nft_start(struct clnx_nft *transaction, uint16_t type, uint8_t family, uint16_t flags) {
    // Twice, for the closing message comes after the last operation.
    size_t needed = transaction->length + 2 * OPERATION_SIZE;
    if (needed > transaction->capacity) {
        uint8_t *bytes = realloc(transaction->bytes, 2 * needed);
        if (bytes == NULL) { return NULL; }
        transaction->bytes = bytes;
        transaction->capacity = 2 * needed;
    }
    uint32_t sequence = CLNX_NFT_FIRST_SEQUENCE + transaction->operations;
    char *place = (char *)transaction->bytes + transaction->length;
    return nftnl_nlmsg_build_hdr(place, type, family, flags, sequence);
}

int clnx_nft_finish(struct clnx_nft *transaction, const struct nlmsghdr *message) {
    transaction->last = transaction->length;
    transaction->length += message->nlmsg_len;
    return (int)transaction->operations++;
}

static struct nftnl_table *make_table(const char *name) {
    struct nftnl_table *table = nftnl_table_alloc();
    if (table != NULL && nftnl_table_set_str(table, NFTNL_TABLE_NAME, name) != 0) {
        nftnl_table_free(table);
        return NULL;
    }
    return table;
}

static int put_table(
    struct clnx_nft *transaction, uint16_t type, uint8_t family, uint16_t flags, struct nftnl_table *table) {
    struct nlmsghdr *message = clnx_nft_start(transaction, type, family, flags);
    if (message == NULL) { return -ENOMEM; }
    nftnl_table_nlmsg_build_payload(message, table);
    return clnx_nft_finish(transaction, message);
}

int clnx_nft_add_table(
    struct clnx_nft *transaction, uint8_t family, const char *name, uint32_t flags, bool exclusive,
    const void *user_data, uint32_t user_data_length) {
    if (!clnx_nft_is_name(name) || user_data_length > LONGEST_USER_DATA) { return -EINVAL; }
    struct nftnl_table *table = make_table(name);
    if (table == NULL) { return -ENOMEM; }
    int result = 0;
    if (flags != 0) { nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, flags); }
    if (user_data != NULL && user_data_length != 0) {
        result = nftnl_table_set_data(table, NFTNL_TABLE_USERDATA, user_data, user_data_length);
    }
    uint16_t mode = NLM_F_CREATE | (exclusive ? NLM_F_EXCL : 0);
    result = result == 0 ? put_table(transaction, NFT_MSG_NEWTABLE, family, mode, table) : -ENOMEM;
    nftnl_table_free(table);
    return result;
}

int clnx_nft_delete_table(struct clnx_nft *transaction, uint8_t family, const char *name) {
    if (!clnx_nft_is_name(name)) { return -EINVAL; }
    struct nftnl_table *table = make_table(name);
    if (table == NULL) { return -ENOMEM; }
    int result = put_table(transaction, NFT_MSG_DELTABLE, family, 0, table);
    nftnl_table_free(table);
    return result;
}

static struct nftnl_chain *make_chain(const char *table, const char *name) {
    struct nftnl_chain *chain = nftnl_chain_alloc();
    if (chain == NULL) { return NULL; }
    if (nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, table) != 0
        || nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name) != 0) {
        nftnl_chain_free(chain);
        return NULL;
    }
    return chain;
}

static int put_chain(
    struct clnx_nft *transaction, uint16_t type, uint8_t family, uint16_t flags, struct nftnl_chain *chain) {
    struct nlmsghdr *message = clnx_nft_start(transaction, type, family, flags);
    if (message == NULL) { return -ENOMEM; }
    nftnl_chain_nlmsg_build_payload(message, chain);
    return clnx_nft_finish(transaction, message);
}

int clnx_nft_add_chain(
    struct clnx_nft *transaction, uint8_t family, const char *table, const char *name, uint32_t hook,
    int32_t priority) {
    if (!clnx_nft_is_name(table) || !clnx_nft_is_name(name)) { return -EINVAL; }
    struct nftnl_chain *chain = make_chain(table, name);
    if (chain == NULL) { return -ENOMEM; }
    nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, hook);
    nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, priority);
    nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
    int result = nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
    result = result == 0 ? put_chain(transaction, NFT_MSG_NEWCHAIN, family, NLM_F_CREATE, chain) : -ENOMEM;
    nftnl_chain_free(chain);
    return result;
}

int clnx_nft_delete_chain(struct clnx_nft *transaction, uint8_t family, const char *table, const char *name) {
    if (!clnx_nft_is_name(table) || !clnx_nft_is_name(name)) { return -EINVAL; }
    struct nftnl_chain *chain = make_chain(table, name);
    if (chain == NULL) { return -ENOMEM; }
    int result = put_chain(transaction, NFT_MSG_DELCHAIN, family, 0, chain);
    nftnl_chain_free(chain);
    return result;
}
