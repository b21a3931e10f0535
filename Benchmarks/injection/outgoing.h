// SPDX-License-Identifier: Apache-2.0
//
// What the programs that send have in common: options, and datagrams that differ.

#pragma once

#include "../traffic/clock.h"

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 64, HEADERS = sizeof(struct iphdr) + sizeof(struct udphdr), LONGEST = 1400, PORT = 9000 };

struct options {
    const char *namespace, *interface;
    struct in_addr source, destination;
    double seconds;
    uint32_t size;
    int processor;
};

struct packet {
    size_t length;
    uint8_t bytes[HEADERS + LONGEST];
};

static inline struct options read_options(int argc, char **argv) {
    struct options options = {.interface = "veth0", .seconds = 5, .size = 64};
    int addresses = 0;
    for (int option; (option = getopt(argc, argv, "t:i:s:d:n:z:c:")) != -1;) {
        switch (option) {
        case 't': options.namespace = optarg; break;
        case 'i': options.interface = optarg; break;
        case 's': addresses += inet_pton(AF_INET, optarg, &options.source); break;
        case 'd': addresses += inet_pton(AF_INET, optarg, &options.destination); break;
        case 'n': options.seconds = atof(optarg); break;
        case 'z': options.size = (uint32_t)atoi(optarg); break;
        case 'c': options.processor = atoi(optarg); break;
        default: exit(64);
        }
    }
    if (options.namespace == NULL || addresses != 2) { errx(64, "-t NETNS -s ADDRESS -d ADDRESS are needed"); }
    if (options.seconds <= 0 || options.size < sizeof(uint64_t) || options.size > LONGEST) {
        errx(64, "SECONDS is above 0, BYTES from 8 to %d", LONGEST);
    }
    return options;
}

// Goes where packets are sent from, and to the processor that sends them.
static inline void settle(const struct options *options) {
    char path[256];
    snprintf(path, sizeof path, "/run/netns/%s", options->namespace);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) != 0) { err(1, "%s", path); }
    close(fd);
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(options->processor, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) { err(1, "processor %d", options->processor); }
}

static inline uint16_t checksum(const void *bytes, size_t length) {
    const uint16_t *words = bytes;
    uint32_t sum = 0;
    for (size_t i = 0; i < length / 2; i++) { sum += words[i]; }
    while (sum >> 16 != 0) { sum = (sum & 0xffff) + (sum >> 16); }
    return (uint16_t)~sum;
}

static inline void make_packets(const struct options *options, struct packet packets[BATCH]) {
    for (int i = 0; i < BATCH; i++) {
        struct iphdr ip = {
            .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP, .frag_off = htons(IP_DF),
            .saddr = options->source.s_addr, .daddr = options->destination.s_addr,
            .tot_len = htons((uint16_t)(options->size + HEADERS))};
        ip.check = checksum(&ip, sizeof ip);
        struct udphdr udp = {
            .source = htons(9), .dest = htons(PORT), .len = htons((uint16_t)(options->size + sizeof(struct udphdr)))};
        packets[i].length = HEADERS + options->size;
        memcpy(packets[i].bytes, &ip, sizeof ip);
        memcpy(packets[i].bytes + sizeof ip, &udp, sizeof udp);
        memset(packets[i].bytes + HEADERS, i, options->size);
    }
}

static inline void report(uint64_t sent, int64_t time) {
    double seconds = (double)time / 1e9;
    printf("packets_per_second=%.0f us_per_packet=%.3f\n", (double)sent / seconds, seconds * 1e6 / (double)sent);
}
