// SPDX-License-Identifier: Apache-2.0
//
// The consumer of every tutorial: one recv(2) and one send(2) for each packet, default socket buffers, everything
// accepted. Runs in the network namespace that it is started in, prints "ready" once the queue is bound.
//
//     one-at-a-time [-q QUEUE] [-l QUEUE_LENGTH] [-c COPY_RANGE] [-g]      -g: aggregated (GSO) packets whole

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct mnl_socket *nl;
static uint16_t queue;

static void configure(uint32_t queue_length, uint32_t copy_range, bool gso) {
    char buffer[MNL_SOCKET_BUFFER_SIZE];
    struct nlmsghdr *message = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, queue);
    nfq_nlmsg_cfg_put_cmd(message, AF_INET, NFQNL_CFG_CMD_BIND);
    nfq_nlmsg_cfg_put_params(message, NFQNL_COPY_PACKET, (int)copy_range);
    nfq_nlmsg_cfg_put_qmaxlen(message, queue_length);
    mnl_attr_put_u32(message, NFQA_CFG_FLAGS, htonl(gso ? NFQA_CFG_F_GSO : 0));
    mnl_attr_put_u32(message, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO));
    message->nlmsg_flags |= NLM_F_ACK;
    if (mnl_socket_sendto(nl, message, message->nlmsg_len) < 0) { err(1, "configure"); }
    ssize_t length = mnl_socket_recvfrom(nl, buffer, sizeof buffer);
    if (length < 0 || mnl_cb_run(buffer, (size_t)length, 0, mnl_socket_get_portid(nl), NULL, NULL) < 0) {
        err(1, "bind to queue %u", queue);
    }
}

static int accept_packet(const struct nlmsghdr *message, void *context) {
    (void)context;
    struct nlattr *attributes[NFQA_MAX + 1] = {0};
    if (nfq_nlmsg_parse(message, attributes) < 0 || attributes[NFQA_PACKET_HDR] == NULL) { return MNL_CB_OK; }
    const struct nfqnl_msg_packet_hdr *header = mnl_attr_get_payload(attributes[NFQA_PACKET_HDR]);
    char buffer[MNL_SOCKET_BUFFER_SIZE];
    struct nlmsghdr *verdict = nfq_nlmsg_put(buffer, NFQNL_MSG_VERDICT, queue);
    nfq_nlmsg_verdict_put(verdict, (int)ntohl(header->packet_id), NF_ACCEPT);
    if (mnl_socket_sendto(nl, verdict, verdict->nlmsg_len) < 0) { err(1, "verdict"); }
    return MNL_CB_OK;
}

int main(int argc, char **argv) {
    uint32_t queue_length = 1024, copy_range = 65531;
    bool gso = false;
    for (int option; (option = getopt(argc, argv, "q:l:c:g")) != -1;) {
        switch (option) {
        case 'q': queue = (uint16_t)atoi(optarg); break;
        case 'l': queue_length = (uint32_t)atoi(optarg); break;
        case 'c': copy_range = (uint32_t)atoi(optarg); break;
        case 'g': gso = true; break;
        default: return 64;
        }
    }
    nl = mnl_socket_open(NETLINK_NETFILTER);
    if (nl == NULL || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) { err(1, "netlink socket"); }
    configure(queue_length, copy_range, gso);
    puts("ready");
    fflush(stdout);

    static char buffer[0xffff + 4096];
    for (;;) {
        ssize_t length = mnl_socket_recvfrom(nl, buffer, sizeof buffer);
        if (length < 0 && (errno == ENOBUFS || errno == EINTR)) { continue; }
        if (length < 0) { err(1, "receive"); }
        mnl_cb_run(buffer, (size_t)length, 0, mnl_socket_get_portid(nl), accept_packet, NULL);
    }
}
