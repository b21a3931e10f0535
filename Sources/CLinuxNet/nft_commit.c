// SPDX-License-Identifier: Apache-2.0
//
// Committing an nftables transaction, and reading what the kernel says to it.
//
// The kernel handles the whole batch before send(2) returns, so that all answers are on the socket then: they are read
// until there are none left, and nothing ever waits. Every refused operation is answered; of the others only the last
// is asked to answer, which proves that the batch was seen at all.

#include "netlink_socket.h"
#include "nft_transaction.h"

#include <errno.h>
#include <libnftnl/common.h>
#include <linux/netlink.h>
#include <string.h>

int clnx_nft_open(void) { return clnx_netlink_open(NETLINK_NETFILTER, 0); }

struct outcome {
    struct clnx_nft_refusal *refusals;
    uint32_t capacity;
    uint32_t refused;
    int32_t first;  // error of the first refusal
    uint32_t last_sequence;
    bool acknowledged;
};

static void take_answer(struct outcome *outcome, const struct nlmsghdr *header) {
    if (header->nlmsg_type != NLMSG_ERROR || header->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr))) { return; }
    const struct nlmsgerr *answer = mnl_nlmsg_get_payload(header);
    uint32_t sequence = answer->msg.nlmsg_seq;
    if (answer->error == 0) {
        if (sequence == outcome->last_sequence) { outcome->acknowledged = true; }
        return;
    }
    if (outcome->refused == 0) { outcome->first = answer->error; }
    if (outcome->refusals != NULL && outcome->refused < outcome->capacity) {
        uint32_t operation = sequence < CLNX_NFT_FIRST_SEQUENCE ? UINT32_MAX : sequence - CLNX_NFT_FIRST_SEQUENCE;
        outcome->refusals[outcome->refused] =
            (struct clnx_nft_refusal){.error = answer->error, .operation = operation};
    }
    outcome->refused++;
}

static int read_answers(int fd, struct outcome *outcome) {
    _Alignas(struct nlmsghdr) uint8_t buffer[8192];
    int lost = 0;
    for (;;) {
        int64_t length = clnx_netlink_receive(fd, buffer, sizeof buffer);
        if (length == 0) { return lost; }
        if (length == -ENOBUFS) {
            // More answers than the socket has room for, so there are refusals, and the first of them are there.
            lost = -ENOBUFS;
            continue;
        }
        if (length < 0) { return (int)length; }
        int left = (int)length;
        const struct nlmsghdr *header = (const struct nlmsghdr *)buffer;
        for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) { take_answer(outcome, header); }
    }
}

int clnx_nft_commit(
    int fd, struct clnx_nft *transaction, struct clnx_nft_refusal *refusals, uint32_t capacity, uint32_t *refused) {
    *refused = 0;
    if (transaction->operations == 0) { return 0; }
    struct nlmsghdr *last = (struct nlmsghdr *)(transaction->bytes + transaction->last);
    last->nlmsg_flags |= NLM_F_ACK;
    const struct nlmsghdr *closing =
        nftnl_batch_end((char *)transaction->bytes + transaction->length, last->nlmsg_seq + 1);

    int result = clnx_netlink_send(fd, transaction->bytes, transaction->length + closing->nlmsg_len);
    if (result != 0) { return result; }
    struct outcome outcome = {.refusals = refusals, .capacity = capacity, .last_sequence = last->nlmsg_seq};
    result = read_answers(fd, &outcome);
    *refused = outcome.refused;
    if (outcome.refused != 0) { return outcome.first < 0 ? outcome.first : -EPROTO; }
    if (result != 0) { return result; }
    return outcome.acknowledged ? 0 : -EPROTO;
}
