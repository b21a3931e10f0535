// SPDX-License-Identifier: Apache-2.0
//
// Asking the kernel which tables and rules there are.

#include "netlink_socket.h"
#include "nft_tag.h"

#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

enum { SEQUENCE = 1, REQUEST_SIZE = 1024, LONGEST_NAME = 255 };

// Sends a request and gives every answer to `take`. Answers to requests before it, left by an interrupted listing, are
// read off first.
static int ask(int fd, const struct nlmsghdr *request, mnl_cb_t take, void *context) {
    _Alignas(struct nlmsghdr) uint8_t buffer[CLNX_ROUTE_BUFFER];
    int64_t length;
    while ((length = clnx_netlink_receive(fd, buffer, sizeof buffer)) != 0) {
        if (length < 0 && length != -ENOBUFS && length != -EMSGSIZE) { return (int)length; }
    }
    int result = clnx_netlink_send(fd, request, request->nlmsg_len);
    if (result != 0) { return result; }
    // The first part is there when send(2) returns; each later part is made when the one before it is read.
    while ((length = clnx_netlink_receive(fd, buffer, sizeof buffer)) > 0) {
        int outcome = mnl_cb_run(buffer, (size_t)length, SEQUENCE, 0, take, context);
        if (outcome < 0) { return -errno; }
        if (outcome == MNL_CB_STOP) { return 0; }
    }
    return length < 0 ? (int)length : -EPROTO;
}

static struct nlmsghdr *start(char buffer[REQUEST_SIZE], uint16_t type, uint8_t family, uint16_t flags) {
    return nftnl_nlmsg_build_hdr(buffer, type, family, flags, SEQUENCE);
}

static void copy_name(char destination[256], const struct nlattr *attribute) {
    size_t length = mnl_attr_get_payload_len(attribute);
    memcpy(destination, mnl_attr_get_payload(attribute), length < LONGEST_NAME ? length : LONGEST_NAME);
}

static uint32_t get32(const struct nlattr *attribute) {
    return mnl_attr_get_payload_len(attribute) >= 4 ? be32toh(mnl_attr_get_u32(attribute)) : 0;
}

static uint64_t get64(const struct nlattr *attribute) {
    return mnl_attr_get_payload_len(attribute) >= 8 ? be64toh(mnl_attr_get_u64(attribute)) : 0;
}

static void decode_table(const struct nlmsghdr *header, struct clnx_nft_table *table) {
    memset(table, 0, sizeof *table);
    const struct nlattr *attribute;
    mnl_attr_for_each(attribute, header, sizeof(struct nfgenmsg)) {
        switch (mnl_attr_get_type(attribute)) {
        case NFTA_TABLE_NAME: copy_name(table->name, attribute); break;
        case NFTA_TABLE_FLAGS: table->flags = get32(attribute); break;
        case NFTA_TABLE_USE: table->uses = get32(attribute); break;
        case NFTA_TABLE_HANDLE: table->handle = get64(attribute); break;
        case NFTA_TABLE_OWNER: table->owner = get32(attribute); break;
        case NFTA_TABLE_USERDATA: {
            uint32_t length = mnl_attr_get_payload_len(attribute);
            if (length > sizeof table->user_data) { break; }
            memcpy(table->user_data, mnl_attr_get_payload(attribute), length);
            table->user_data_length = length;
            break;
        }
        default: break;
        }
    }
}

struct found_table {
    struct clnx_nft_table *table;
    bool is_found;
};

static int take_table(const struct nlmsghdr *header, void *context) {
    struct found_table *found = context;
    if ((header->nlmsg_type & 0xff) != NFT_MSG_NEWTABLE) { return MNL_CB_OK; }
    decode_table(header, found->table);
    found->is_found = true;
    return MNL_CB_OK;
}

int clnx_nft_find_table(int fd, uint8_t family, const char *name, struct clnx_nft_table *table) {
    if (strnlen(name, LONGEST_NAME + 1) > LONGEST_NAME) { return -EINVAL; }
    _Alignas(struct nlmsghdr) char buffer[REQUEST_SIZE];
    struct nlmsghdr *request = start(buffer, NFT_MSG_GETTABLE, family, NLM_F_ACK);
    mnl_attr_put_strz(request, NFTA_TABLE_NAME, name);
    struct found_table found = {.table = table};
    int result = ask(fd, request, take_table, &found);
    return result == 0 && !found.is_found ? -ENOENT : result;
}

// The packets that a rule has counted, from its expressions: a list of pairs of name and data.
static uint64_t counted_packets(const struct nlattr *expressions) {
    const struct nlattr *element;
    mnl_attr_for_each_nested(element, expressions) {
        const struct nlattr *data = NULL, *field;
        bool is_counter = false;
        mnl_attr_for_each_nested(field, element) {
            if (mnl_attr_get_type(field) == NFTA_EXPR_DATA) { data = field; }
            if (mnl_attr_get_type(field) == NFTA_EXPR_NAME) {
                static const char counter[] = "counter";
                is_counter = mnl_attr_get_payload_len(field) == sizeof counter
                    && memcmp(mnl_attr_get_payload(field), counter, sizeof counter) == 0;
            }
        }
        if (!is_counter || data == NULL) { continue; }
        mnl_attr_for_each_nested(field, data) {
            if (mnl_attr_get_type(field) == NFTA_COUNTER_PACKETS) { return get64(field); }
        }
    }
    return 0;
}

struct rule_list {
    struct clnx_nft_listed_rule *rules;
    uint32_t capacity;
    uint32_t count;
};

static int take_rule(const struct nlmsghdr *header, void *context) {
    struct rule_list *list = context;
    if ((header->nlmsg_type & 0xff) != NFT_MSG_NEWRULE) { return MNL_CB_OK; }
    struct clnx_nft_listed_rule rule = {0};
    const struct nlattr *attribute;
    mnl_attr_for_each(attribute, header, sizeof(struct nfgenmsg)) {
        switch (mnl_attr_get_type(attribute)) {
        case NFTA_RULE_HANDLE: rule.handle = get64(attribute); break;
        case NFTA_RULE_EXPRESSIONS: rule.packets = counted_packets(attribute); break;
        case NFTA_RULE_USERDATA:
            rule.tag = clnx_nft_read_tag(mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute));
            break;
        default: break;
        }
    }
    if (list->count < list->capacity) { list->rules[list->count] = rule; }
    list->count++;
    return MNL_CB_OK;
}

int clnx_nft_rules(
    int fd, uint8_t family, const char *table, const char *chain, struct clnx_nft_listed_rule *rules,
    uint32_t capacity) {
    if (strnlen(table, LONGEST_NAME + 1) > LONGEST_NAME || strnlen(chain, LONGEST_NAME + 1) > LONGEST_NAME) {
        return -EINVAL;
    }
    _Alignas(struct nlmsghdr) char buffer[REQUEST_SIZE];
    struct nlmsghdr *request = start(buffer, NFT_MSG_GETRULE, family, NLM_F_DUMP);
    mnl_attr_put_strz(request, NFTA_RULE_TABLE, table);
    mnl_attr_put_strz(request, NFTA_RULE_CHAIN, chain);
    struct rule_list list = {.rules = rules, .capacity = capacity};
    int result = ask(fd, request, take_rule, &list);
    return result != 0 ? result : (int)list.count;
}
