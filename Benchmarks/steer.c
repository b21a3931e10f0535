// SPDX-License-Identifier: Apache-2.0
//
// Sends all packets that reach the namespace it is started in to queues, as the daemon's own rules do, for consumers
// that bring no rules. Prints "ready" and waits; the rules go with the process.
//
//     steer [-q FIRST_QUEUE] [-n QUEUES]

#include "CLinuxNet.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PRE_ROUTING = 0, PRIORITY = -450, LOOPBACK = 1 };

static int commit(int fd, struct clnx_nft_rule *rule) {
    static const uint8_t families[] = {CLNX_NFT_IPV4, CLNX_NFT_IPV6};
    struct clnx_nft *transaction = clnx_nft_begin();
    if (transaction == NULL) { errx(1, "memory"); }
    for (int i = 0; i < 2; i++) {
        if (clnx_nft_add_table(transaction, families[i], "bench", CLNX_NFT_TABLE_OWNER, true, NULL, 0) < 0
            || clnx_nft_add_chain(transaction, families[i], "bench", "in", PRE_ROUTING, PRIORITY) < 0
            || clnx_nft_add_rule(transaction, families[i], "bench", "in", rule) < 0) {
            errx(1, "transaction");
        }
    }
    uint32_t refused;
    int result = clnx_nft_commit(fd, transaction, NULL, 0, &refused);
    clnx_nft_free(transaction);
    return result;
}

int main(int argc, char **argv) {
    struct clnx_nft_rule rule = {
        .queues = 1, .mechanism = CLNX_NFT_NATIVE, .compare_iif = CLNX_NFT_NOT_EQUAL, .iif = LOOPBACK};
    for (int option; (option = getopt(argc, argv, "q:n:")) != -1;) {
        switch (option) {
        case 'q': rule.queue = (uint16_t)atoi(optarg); break;
        case 'n': rule.queues = (uint16_t)atoi(optarg); break;
        default: return 64;
        }
    }
    int fd = clnx_nft_open();
    if (fd < 0) { errx(1, "netlink socket: %s", strerror(-fd)); }
    int result = commit(fd, &rule);
    if (result == -ENOENT) {
        rule.mechanism = CLNX_NFT_COMPAT;
        result = commit(fd, &rule);
    }
    if (result < 0) { errx(1, "rules: %s", strerror(-result)); }
    puts("ready");
    fflush(stdout);
    pause();
}
