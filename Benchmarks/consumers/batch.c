// SPDX-License-Identifier: Apache-2.0
//
// The most that a C programmer gets by hand from one thread: recvmmsg(2) for up to 64 packets, one send(2) for all
// their verdicts, 16 MiB of receive buffer, everything accepted. Runs in the network namespace that it is started in,
// prints "ready" once the queue is bound.
//
//     batch [-q QUEUE] [-l QUEUE_LENGTH] [-c COPY_RANGE] [-g] [-b]
//         -g: aggregated (GSO) packets whole          -b: one batch verdict instead of a verdict for each packet

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 64, RECEIVE_BUFFER = 16 << 20, VERDICT_SIZE = 32, ATTRIBUTES = 4096 };

static int open_queue(uint16_t queue, uint32_t queue_length, uint32_t copy_range, bool gso) {
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    if (fd < 0 || connect(fd, (struct sockaddr *)&kernel, sizeof kernel) != 0) { err(1, "netlink socket"); }
    int size = RECEIVE_BUFFER, on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) { err(1, "receive buffer"); }
    setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof on);

    char buffer[MNL_SOCKET_BUFFER_SIZE];
    struct nlmsghdr *message = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, queue);
    nfq_nlmsg_cfg_put_cmd(message, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
    nfq_nlmsg_cfg_put_params(message, NFQNL_COPY_PACKET, (int)copy_range);
    nfq_nlmsg_cfg_put_qmaxlen(message, queue_length);
    mnl_attr_put_u32(message, NFQA_CFG_FLAGS, htonl(gso ? NFQA_CFG_F_GSO : 0));
    mnl_attr_put_u32(message, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO));
    message->nlmsg_flags |= NLM_F_ACK;
    if (send(fd, message, message->nlmsg_len, 0) < 0) { err(1, "configure"); }
    ssize_t length = recv(fd, buffer, sizeof buffer, 0);
    if (length < 0 || mnl_cb_run(buffer, (size_t)length, 0, 0, NULL, NULL) < 0) { err(1, "bind to queue %u", queue); }
    return fd;
}

// The id of the packet in a message; the kernel puts it into the first attribute.
static bool packet_id(const char *bytes, size_t length, uint32_t *id) {
    const struct nlmsghdr *message = (const struct nlmsghdr *)bytes;
    const struct nlattr *first = mnl_nlmsg_get_payload_offset(message, sizeof(struct nfgenmsg));
    if (length < MNL_NLMSG_HDRLEN + sizeof(struct nfgenmsg) + MNL_ATTR_HDRLEN + sizeof(struct nfqnl_msg_packet_hdr)
        || message->nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET)
        || mnl_attr_get_type(first) != NFQA_PACKET_HDR) {
        return false;
    }
    *id = ntohl(((const struct nfqnl_msg_packet_hdr *)mnl_attr_get_payload(first))->packet_id);
    return true;
}

// Verdict messages that differ in the id alone.
static void prepare_verdicts(char verdicts[BATCH][VERDICT_SIZE], uint16_t queue, int type) {
    for (int i = 0; i < BATCH; i++) {
        struct nlmsghdr *message = nfq_nlmsg_put(verdicts[i], type, queue);
        nfq_nlmsg_verdict_put(message, 0, NF_ACCEPT);
    }
}

static void set_id(char verdict[VERDICT_SIZE], uint32_t id) {
    uint32_t value = htonl(id);
    memcpy(verdict + VERDICT_SIZE - sizeof value, &value, sizeof value);
}

static void serve(int fd, uint16_t queue, size_t message_size, bool one_verdict) {
    static struct mmsghdr headers[BATCH];
    static struct iovec vectors[BATCH];
    static char verdicts[BATCH][VERDICT_SIZE];
    char *messages = malloc(BATCH * message_size);
    if (messages == NULL) { err(1, "memory"); }
    for (int i = 0; i < BATCH; i++) {
        vectors[i] = (struct iovec){messages + (size_t)i * message_size, message_size};
        headers[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    prepare_verdicts(verdicts, queue, one_verdict ? NFQNL_MSG_VERDICT_BATCH : NFQNL_MSG_VERDICT);
    for (;;) {
        int count = recvmmsg(fd, headers, BATCH, MSG_WAITFORONE, NULL);
        if (count < 0 && (errno == ENOBUFS || errno == EINTR)) { continue; }
        if (count < 0) { err(1, "receive"); }
        size_t answers = 0;
        for (int i = 0; i < count; i++) {
            uint32_t id;
            if (!packet_id(vectors[i].iov_base, headers[i].msg_len, &id)) { continue; }
            set_id(verdicts[answers], id);
            if (!one_verdict || i == count - 1) { answers++; }
        }
        if (answers > 0 && send(fd, verdicts, answers * VERDICT_SIZE, 0) < 0) { err(1, "verdicts"); }
    }
}

int main(int argc, char **argv) {
    uint16_t queue = 0;
    uint32_t queue_length = 65536, copy_range = 65531;
    bool gso = false, one_verdict = false;
    for (int option; (option = getopt(argc, argv, "q:l:c:gb")) != -1;) {
        switch (option) {
        case 'q': queue = (uint16_t)atoi(optarg); break;
        case 'l': queue_length = (uint32_t)atoi(optarg); break;
        case 'c': copy_range = (uint32_t)atoi(optarg); break;
        case 'g': gso = true; break;
        case 'b': one_verdict = true; break;
        default: return 64;
        }
    }
    int fd = open_queue(queue, queue_length, copy_range, gso);
    puts("ready");
    fflush(stdout);
    serve(fd, queue, copy_range + ATTRIBUTES, one_verdict);
}
