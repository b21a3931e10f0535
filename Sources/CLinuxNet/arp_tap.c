// SPDX-License-Identifier: Apache-2.0
//
// Taps for ARP packets: packet(7) sockets with a filter of their own.

#define _GNU_SOURCE

#include "CLinuxNet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

// What the kernel knows of a packet beside its bytes, for a filter's loads.
#define PROTOCOL ((uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL))
#define PACKET_TYPE ((uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE))

enum { WHOLE = 0x40000 };

// Everything but what was meant for others: the kernel's ARP doesn't look at that either.
static struct sock_filter received[] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, PACKET_TYPE),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OTHERHOST, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, 0),
    BPF_STMT(BPF_RET | BPF_K, WHOLE),
};

static struct sock_filter sent[] = {
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, PROTOCOL),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 0, 3),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, PACKET_TYPE),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, WHOLE),
    BPF_STMT(BPF_RET | BPF_K, 0),
};

// The filter first, so that nothing else is ever taken in.
static int prepare(int fd, bool outgoing) {
    struct sock_fprog filter = {
        .len = outgoing ? sizeof sent / sizeof *sent : sizeof received / sizeof *received,
        .filter = outgoing ? sent : received,
    };
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0) { return -errno; }
    // Only a tap for all protocols is shown what leaves.
    struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(outgoing ? ETH_P_ALL : ETH_P_ARP)};
    return bind(fd, (struct sockaddr *)&all, sizeof all) == 0 ? 0 : -errno;
}

int clnx_arp_open(bool outgoing) {
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) { return -errno; }
    int code = prepare(fd, outgoing);
    if (code == 0) { return fd; }
    close(fd);
    return code;
}

static void describe(
    struct clnx_arp_packet *packet, uint8_t *bytes, const struct mmsghdr *message, const struct sockaddr_ll *address) {
    uint32_t length = message->msg_len;
    uint8_t source_length = address->sll_halen <= sizeof address->sll_addr ? address->sll_halen : 0;
    *packet = (struct clnx_arp_packet){
        .bytes = bytes,
        .captured = length < CLNX_ARP_ROOM ? length : CLNX_ARP_ROOM,
        .length = length,
        .interface = (uint32_t)address->sll_ifindex,
        .source_length = source_length,
    };
    for (uint8_t i = 0; i < source_length; i++) {
        packet->source |= (uint64_t)address->sll_addr[i] << (56 - 8 * i);
    }
}

int clnx_arp_receive(int fd, void *room, struct clnx_arp_packet *packets, uint32_t capacity) {
    struct mmsghdr messages[CLNX_ARP_BATCH];
    struct iovec vectors[CLNX_ARP_BATCH];
    struct sockaddr_ll addresses[CLNX_ARP_BATCH];
    if (capacity > CLNX_ARP_BATCH) { capacity = CLNX_ARP_BATCH; }
    uint8_t *bytes = room;
    for (uint32_t i = 0; i < capacity; i++) {
        vectors[i] = (struct iovec){.iov_base = bytes + (size_t)i * CLNX_ARP_ROOM, .iov_len = CLNX_ARP_ROOM};
        messages[i].msg_hdr = (struct msghdr){
            .msg_iov = &vectors[i], .msg_iovlen = 1, .msg_name = &addresses[i], .msg_namelen = sizeof addresses[i]};
    }
    int count;
    do {
        // MSG_TRUNC: the packet's own length, whatever there is room for.
        count = recvmmsg(fd, messages, capacity, MSG_DONTWAIT | MSG_TRUNC, NULL);
    } while (count < 0 && errno == EINTR);
    if (count < 0) { return errno == EAGAIN ? 0 : -errno; }
    for (int i = 0; i < count; i++) {
        describe(&packets[i], bytes + (size_t)i * CLNX_ARP_ROOM, &messages[i], &addresses[i]);
    }
    return count;
}
