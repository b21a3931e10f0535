// SPDX-License-Identifier: Apache-2.0
//
// Sends the IPv4 packets that reach the namespace it is started in to a queue, for consumers that bring no rules. The
// rules are those that the daemon makes for PHYSICAL_IN, only that broadcasts and multicasts don't get queues of their
// own. Prints "ready" and waits; the rules go with the process.
//
//     steer [-q QUEUE]

#include "CLinuxNet.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PRE_ROUTING = 0, PRIORITY = -450, LOOPBACK = 1, TO_THIS_HOST = 0, BROADCAST = 1 };

static int add_rules(struct clnx_nft *transaction, struct clnx_nft_rule rule) {
    rule.compare_packet_type = CLNX_NFT_EQUAL;
    rule.packet_type = TO_THIS_HOST;
    if (clnx_nft_add_rule(transaction, CLNX_NFT_IPV4, "bench", "in", &rule) < 0) { return -1; }
    rule.packet_type = BROADCAST;
    if (clnx_nft_add_rule(transaction, CLNX_NFT_IPV4, "bench", "in", &rule) < 0) { return -1; }
    rule.compare_packet_type = 0;
    return clnx_nft_add_rule(transaction, CLNX_NFT_IPV4, "bench", "in", &rule);
}

static int commit(int fd, uint16_t queue, uint8_t mechanism) {
    struct clnx_nft_rule rule = {
        .queue = queue, .queues = 1, .flags = CLNX_NFT_BYPASS, .mechanism = mechanism,
        .compare_iif = CLNX_NFT_NOT_EQUAL, .iif = LOOPBACK};
    struct clnx_nft *transaction = clnx_nft_begin();
    if (transaction == NULL) { errx(1, "memory"); }
    if (clnx_nft_add_table(transaction, CLNX_NFT_IPV4, "bench", CLNX_NFT_TABLE_OWNER, true, NULL, 0) < 0
        || clnx_nft_add_chain(transaction, CLNX_NFT_IPV4, "bench", "in", PRE_ROUTING, PRIORITY) < 0
        || add_rules(transaction, rule) < 0) {
        errx(1, "transaction");
    }
    uint32_t refused;
    int result = clnx_nft_commit(fd, transaction, NULL, 0, &refused);
    clnx_nft_free(transaction);
    return result;
}

int main(int argc, char **argv) {
    uint16_t queue = 0;
    for (int option; (option = getopt(argc, argv, "q:")) != -1;) {
        switch (option) {
        case 'q': queue = (uint16_t)atoi(optarg); break;
        default: return 64;
        }
    }
    int fd = clnx_nft_open();
    if (fd < 0) { errx(1, "netlink socket: %s", strerror(-fd)); }
    int result = commit(fd, queue, CLNX_NFT_NATIVE);
    if (result == -ENOENT) { result = commit(fd, queue, CLNX_NFT_COMPAT); }
    if (result < 0) { errx(1, "rules: %s", strerror(-result)); }
    puts("ready");
    fflush(stdout);
    pause();
}
