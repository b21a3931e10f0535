// SPDX-License-Identifier: Apache-2.0
//
// Rules that send packets to a queue: libnftnl's expressions, and the operations on rules.

#include "nft_tag.h"
#include "nft_transaction.h"

#include <errno.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <stdlib.h>

_Static_assert(CLNX_NFT_BYPASS == NFT_QUEUE_FLAG_BYPASS && CLNX_NFT_FANOUT == NFT_QUEUE_FLAG_CPU_FANOUT, "flag");
_Static_assert(CLNX_NFT_BYPASS == NFQ_FLAG_BYPASS && CLNX_NFT_FANOUT == NFQ_FLAG_CPU_FANOUT, "flag");

enum { REGISTER = NFT_REG_1, TARGET_REVISION = 3, TARGET_ALIGNMENT = 8 };

// The kernel's copy of a target's parameters is rounded up to 8 bytes, and it refuses any other length.
union target_parameters {
    struct xt_NFQ_info_v3 info;
    uint64_t aligned;
};
_Static_assert(sizeof(union target_parameters) == TARGET_ALIGNMENT, "one unit");

// Makes an expression part of the rule; null for want of memory.
static struct nftnl_expr *add_expression(struct nftnl_rule *rule, const char *name) {
    struct nftnl_expr *expression = nftnl_expr_alloc(name);
    if (expression != NULL) { nftnl_rule_add_expr(rule, expression); }
    return expression;
}

static bool add_load(struct nftnl_rule *rule, uint32_t key) {
    struct nftnl_expr *meta = add_expression(rule, "meta");
    if (meta == NULL) { return false; }
    nftnl_expr_set_u32(meta, NFTNL_EXPR_META_KEY, key);
    nftnl_expr_set_u32(meta, NFTNL_EXPR_META_DREG, REGISTER);
    return true;
}

static bool add_mask(struct nftnl_rule *rule, uint32_t mask) {
    struct nftnl_expr *bitwise = add_expression(rule, "bitwise");
    if (bitwise == NULL) { return false; }
    uint32_t flip = 0;
    nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_SREG, REGISTER);
    nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_DREG, REGISTER);
    nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_LEN, sizeof mask);
    return nftnl_expr_set(bitwise, NFTNL_EXPR_BITWISE_MASK, &mask, sizeof mask) == 0
        && nftnl_expr_set(bitwise, NFTNL_EXPR_BITWISE_XOR, &flip, sizeof flip) == 0;
}

static bool add_comparison(struct nftnl_rule *rule, uint8_t comparison, const void *value, uint32_t length) {
    struct nftnl_expr *cmp = add_expression(rule, "cmp");
    if (cmp == NULL) { return false; }
    nftnl_expr_set_u32(cmp, NFTNL_EXPR_CMP_SREG, REGISTER);
    nftnl_expr_set_u32(cmp, NFTNL_EXPR_CMP_OP, comparison == CLNX_NFT_EQUAL ? NFT_CMP_EQ : NFT_CMP_NEQ);
    return nftnl_expr_set(cmp, NFTNL_EXPR_CMP_DATA, value, length) == 0;
}

// Interface indices and marks are in host byte order in the kernel's registers, a packet type is one byte.
static bool add_matches(struct nftnl_rule *rule, const struct clnx_nft_rule *wanted) {
    if (wanted->compare_iif != CLNX_NFT_ANY
        && !(add_load(rule, NFT_META_IIF)
             && add_comparison(rule, wanted->compare_iif, &wanted->iif, sizeof wanted->iif))) {
        return false;
    }
    if (wanted->compare_oif != CLNX_NFT_ANY
        && !(add_load(rule, NFT_META_OIF)
             && add_comparison(rule, wanted->compare_oif, &wanted->oif, sizeof wanted->oif))) {
        return false;
    }
    if (wanted->compare_packet_type != CLNX_NFT_ANY
        && !(add_load(rule, NFT_META_PKTTYPE)
             && add_comparison(
                 rule, wanted->compare_packet_type, &wanted->packet_type, sizeof wanted->packet_type))) {
        return false;
    }
    if (wanted->compare_mark == CLNX_NFT_ANY) { return true; }
    return add_load(rule, NFT_META_MARK) && add_mask(rule, wanted->mark_mask)
        && add_comparison(rule, wanted->compare_mark, &wanted->mark, sizeof wanted->mark);
}

static bool add_native_queue(struct nftnl_rule *rule, const struct clnx_nft_rule *wanted) {
    struct nftnl_expr *queue = add_expression(rule, "queue");
    if (queue == NULL) { return false; }
    nftnl_expr_set_u16(queue, NFTNL_EXPR_QUEUE_NUM, wanted->queue);
    nftnl_expr_set_u16(queue, NFTNL_EXPR_QUEUE_TOTAL, wanted->queues);
    nftnl_expr_set_u16(queue, NFTNL_EXPR_QUEUE_FLAGS, wanted->flags);
    return true;
}

static bool add_compat_queue(struct nftnl_rule *rule, const struct clnx_nft_rule *wanted) {
    struct nftnl_expr *target = add_expression(rule, "target");
    if (target == NULL || nftnl_expr_set_str(target, NFTNL_EXPR_TG_NAME, "NFQUEUE") != 0) { return false; }
    nftnl_expr_set_u32(target, NFTNL_EXPR_TG_REV, TARGET_REVISION);
    union target_parameters *parameters = calloc(1, sizeof *parameters);
    if (parameters == NULL) { return false; }
    parameters->info = (struct xt_NFQ_info_v3){
        .queuenum = wanted->queue, .queues_total = wanted->queues, .flags = wanted->flags};
    // The expression frees it.
    return nftnl_expr_set(target, NFTNL_EXPR_TG_INFO, parameters, sizeof *parameters) == 0;
}

static bool fill_rule(struct nftnl_rule *rule, const struct clnx_nft_rule *wanted) {
    struct clnx_nft_tag tag = clnx_nft_make_tag(wanted->tag);
    if (nftnl_rule_set_data(rule, NFTNL_RULE_USERDATA, &tag, sizeof tag) != 0) { return false; }
    if (!add_matches(rule, wanted)) { return false; }
    if (wanted->counts && add_expression(rule, "counter") == NULL) { return false; }
    return wanted->mechanism == CLNX_NFT_NATIVE ? add_native_queue(rule, wanted) : add_compat_queue(rule, wanted);
}

static struct nftnl_rule *make_rule(const char *table, const char *chain) {
    struct nftnl_rule *rule = nftnl_rule_alloc();
    if (rule == NULL) { return NULL; }
    if (nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, table) != 0
        || nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain) != 0) {
        nftnl_rule_free(rule);
        return NULL;
    }
    return rule;
}

static int put_rule(
    struct clnx_nft *transaction, uint16_t type, uint8_t family, uint16_t flags, struct nftnl_rule *rule) {
    struct nlmsghdr *message = clnx_nft_start(transaction, type, family, flags);
    if (message == NULL) { return -ENOMEM; }
    nftnl_rule_nlmsg_build_payload(message, rule);
    return clnx_nft_finish(transaction, message);
}

static bool is_possible(const struct clnx_nft_rule *wanted) {
    uint32_t last = (uint32_t)wanted->queue + wanted->queues - 1;
    return wanted->queues > 0 && last <= UINT16_MAX && (wanted->flags & ~(CLNX_NFT_BYPASS | CLNX_NFT_FANOUT)) == 0
        && wanted->compare_iif <= CLNX_NFT_NOT_EQUAL && wanted->compare_oif <= CLNX_NFT_NOT_EQUAL
        && wanted->compare_mark <= CLNX_NFT_NOT_EQUAL && wanted->compare_packet_type <= CLNX_NFT_NOT_EQUAL
        && wanted->mechanism <= CLNX_NFT_COMPAT;
}

int clnx_nft_add_rule(
    struct clnx_nft *transaction, uint8_t family, const char *table, const char *chain,
    const struct clnx_nft_rule *wanted) {
    if (!clnx_nft_is_name(table) || !clnx_nft_is_name(chain) || !is_possible(wanted)) { return -EINVAL; }
    struct nftnl_rule *rule = make_rule(table, chain);
    if (rule == NULL) { return -ENOMEM; }
    int result = -ENOMEM;
    if (fill_rule(rule, wanted)) {
        result = put_rule(transaction, NFT_MSG_NEWRULE, family, NLM_F_CREATE | NLM_F_APPEND, rule);
    }
    nftnl_rule_free(rule);
    return result;
}

static int delete_rules(
    struct clnx_nft *transaction, uint8_t family, const char *table, const char *chain, const uint64_t *handle) {
    if (!clnx_nft_is_name(table) || !clnx_nft_is_name(chain)) { return -EINVAL; }
    struct nftnl_rule *rule = make_rule(table, chain);
    if (rule == NULL) { return -ENOMEM; }
    if (handle != NULL) { nftnl_rule_set_u64(rule, NFTNL_RULE_HANDLE, *handle); }
    int result = put_rule(transaction, NFT_MSG_DELRULE, family, 0, rule);
    nftnl_rule_free(rule);
    return result;
}

int clnx_nft_delete_rule(
    struct clnx_nft *transaction, uint8_t family, const char *table, const char *chain, uint64_t handle) {
    return delete_rules(transaction, family, table, chain, &handle);
}

int clnx_nft_flush_chain(struct clnx_nft *transaction, uint8_t family, const char *table, const char *chain) {
    return delete_rules(transaction, family, table, chain, NULL);
}
