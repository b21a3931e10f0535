// SPDX-License-Identifier: Apache-2.0
//
// NI_DIRECT_OUT as a C programmer would do it: UDP datagrams that differ, each with a sendto(2) on a packet socket to a
// link-layer address that is known.
//
// Prints packets sent per second and the time of a packet.
//
//     direct-out -t NETNS -s ADDRESS -d ADDRESS [-i INTERFACE] [-n SECONDS] [-z BYTES] [-c PROCESSOR]
//         -t: where they are sent from            -s, -d: IPv4, the latter that of a known neighbour

#define _GNU_SOURCE

#include "outgoing.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sys/ioctl.h>

// The neighbour's address out of the kernel's table: SIOCGARP, arp(7).
static struct sockaddr_ll find_neighbour(const struct options *options) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct arpreq request = {0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = options->destination};
    memcpy(&request.arp_pa, &address, sizeof address);
    snprintf(request.arp_dev, sizeof request.arp_dev, "%s", options->interface);
    if (fd < 0 || ioctl(fd, SIOCGARP, &request) != 0) { err(1, "no neighbour on %s", options->interface); }
    close(fd);
    struct sockaddr_ll neighbour = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_halen = ETHER_ADDR_LEN,
        .sll_ifindex = (int)if_nametoindex(options->interface)};
    memcpy(neighbour.sll_addr, request.arp_ha.sa_data, ETHER_ADDR_LEN);
    return neighbour;
}

static uint64_t send_all(const struct options *options, struct packet packets[BATCH], int fd, int64_t *time) {
    struct sockaddr_ll neighbour = find_neighbour(options);
    uint64_t sent = 0;
    int64_t start = now(), end = start + (int64_t)(options->seconds * 1e9);
    while (now() < end) {
        for (uint32_t i = 0; i < BATCH; i++) {
            ssize_t length = sendto(
                fd, packets[i].bytes, packets[i].length, 0, (struct sockaddr *)&neighbour, sizeof neighbour);
            if (length >= 0) {
                sent++;
            } else if (errno == EAGAIN) {
                poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 100);
            } else {
                err(1, "sendto");
            }
        }
    }
    *time = now() - start;
    return sent;
}

int main(int argc, char **argv) {
    struct options options = read_options(argc, argv);
    static struct packet packets[BATCH];
    settle(&options);
    make_packets(&options, packets);
    // For no protocol: it receives nothing.
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) { err(1, "packet socket"); }
    int64_t time = 0;
    uint64_t sent = send_all(&options, packets, fd, &time);
    report(sent, time);
}
