// SPDX-License-Identifier: Apache-2.0
//
// NI_QUEUE_IN as a C programmer would do it: UDP datagrams that differ, received on an interface of a namespace by live
// frames, so many with each bpf(2) call, the program kept in the kernel's table. A second thread takes them out of their
// socket.
//
// With -w the packets come from another thread, on the next processor, by a ring: what a program can reach that takes them
// from anybody, as `net_inject` does.
//
// Prints packets injected and delivered per second, the share that was lost, how many came out of order, and the
// injecting thread's processor time for a packet.
//
//     queue-in -t NETNS -s ADDRESS -d ADDRESS [-i INTERFACE] [-n SECONDS] [-p PORT] [-z BYTES] [-b PACKETS] [-c PROCESSOR] [-w]
//         -t: where the interface is            -s, -d: IPv4, the latter one of the namespace's own
//         -b: packets of one call, 1 to 64      -c: that of the injecting thread

#define _GNU_SOURCE

#include "../traffic/clock.h"
#include "CLinuxNet.h"
#include "hand-over.h"

#include <arpa/inet.h>
#include <err.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADERS = CLNX_LIVE_HEADER + sizeof(struct iphdr) + sizeof(struct udphdr), DRAIN = 64, BUFFER = 64 << 20 };

struct options {
    const char *namespace, *interface;
    struct in_addr source, destination;
    double seconds;
    uint16_t port;
    uint32_t size, batch;
    int processor, is_handed_over;
};

static struct options read_options(int argc, char **argv) {
    struct options options = {.interface = "veth0", .seconds = 5, .port = 9000, .size = 64, .batch = CLNX_LIVE_SLOTS};
    int addresses = 0;
    for (int option; (option = getopt(argc, argv, "t:i:s:d:n:p:z:b:c:w")) != -1;) {
        switch (option) {
        case 't': options.namespace = optarg; break;
        case 'i': options.interface = optarg; break;
        case 's': addresses += inet_pton(AF_INET, optarg, &options.source); break;
        case 'd': addresses += inet_pton(AF_INET, optarg, &options.destination); break;
        case 'n': options.seconds = atof(optarg); break;
        case 'p': options.port = (uint16_t)atoi(optarg); break;
        case 'z': options.size = (uint32_t)atoi(optarg); break;
        case 'b': options.batch = (uint32_t)atoi(optarg); break;
        case 'c': options.processor = atoi(optarg); break;
        case 'w': options.is_handed_over = 1; break;
        default: exit(64);
        }
    }
    if (options.namespace == NULL || addresses != 2) { errx(64, "-t NETNS -s ADDRESS -d ADDRESS are needed"); }
    if (options.seconds <= 0 || options.batch == 0 || options.batch > CLNX_LIVE_SLOTS
        || options.size < sizeof(uint64_t) || options.size > CLNX_LIVE_FRAME - HEADERS) {
        errx(64, "SECONDS is above 0, PACKETS from 1 to 64, BYTES from 8 to %d", (int)(CLNX_LIVE_FRAME - HEADERS));
    }
    return options;
}

static void bind_thread(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) { err(1, "processor %d", processor); }
}

// MARK: - Frames

static uint16_t checksum(const void *bytes, size_t length) {
    const uint16_t *words = bytes;
    uint32_t sum = 0;
    for (size_t i = 0; i < length / 2; i++) { sum += words[i]; }
    while (sum >> 16 != 0) { sum = (sum & 0xffff) + (sum >> 16); }
    return (uint16_t)~sum;
}

// What all packets have in common, as it is copied into each frame.
static void make_frame(const struct options *options, int socket, uint8_t *frame) {
    struct ifreq request = {0};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", options->interface);
    if (ioctl(socket, SIOCGIFHWADDR, &request) != 0) { err(1, "%s", options->interface); }
    memcpy(frame, request.ifr_hwaddr.sa_data, 6);
    frame[6] = 2;
    frame[12] = 8;
    struct iphdr ip = {
        .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP, .saddr = options->source.s_addr,
        .daddr = options->destination.s_addr,
        .tot_len = htons((uint16_t)(options->size + sizeof(struct iphdr) + sizeof(struct udphdr)))};
    ip.check = checksum(&ip, sizeof ip);
    struct udphdr udp = {
        .source = htons(9), .dest = htons(options->port),
        .len = htons((uint16_t)(options->size + sizeof(struct udphdr)))};
    memcpy(frame + CLNX_LIVE_HEADER, &ip, sizeof ip);
    memcpy(frame + CLNX_LIVE_HEADER + sizeof ip, &udp, sizeof udp);
}

// Each packet has a source and a number of its own.
static void write_frames(
    const struct options *options, const struct clnx_live *live, const uint8_t *frame, uint64_t number) {
    for (uint32_t i = 0; i < options->batch; i++, number++) {
        uint8_t *slot = clnx_live_slot(live, i);
        memcpy(slot, frame, HEADERS + options->size);
        memcpy(slot + 7, &number, 5);
        memcpy(slot + HEADERS, &number, sizeof number);
    }
}

// MARK: - Another thread that injects

struct writer {
    struct ring ring;
    const struct options *options;
    const uint8_t *frame;
    _Atomic int is_over;
};

static void *write_packets(void *argument) {
    struct writer *writer = argument;
    bind_thread((writer->options->processor + 1) % (int)sysconf(_SC_NPROCESSORS_ONLN));
    uint32_t length = HEADERS - CLNX_LIVE_HEADER + writer->options->size;
    uint8_t packet[CLNX_LIVE_FRAME];
    memcpy(packet, writer->frame + CLNX_LIVE_HEADER, length);
    for (uint64_t number = 1; !writer->is_over; number++) {
        memcpy(packet + HEADERS - CLNX_LIVE_HEADER, &number, sizeof number);
        while (!ring_put(&writer->ring, packet, length) && !writer->is_over) {
            nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
        }
    }
    return NULL;
}

// Takes packets out of the ring, with a source of its own for each.
static uint32_t take_frames(
    const struct options *options, const struct clnx_live *live, const uint8_t *frame, struct ring *ring,
    uint64_t number) {
    uint32_t first = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    uint32_t count = ring_waiting(ring, first);
    if (count > options->batch) { count = options->batch; }
    for (uint32_t i = 0; i < count; i++, number++) {
        ring_fetch(ring, first + i + RING_AHEAD);
        struct ring_place *place = ring_place(ring, first + i);
        uint8_t *slot = clnx_live_slot(live, i);
        memcpy(slot, frame, CLNX_LIVE_HEADER);
        memcpy(slot + 7, &number, 5);
        memcpy(slot + CLNX_LIVE_HEADER, place->bytes, place->length);
    }
    atomic_store_explicit(&ring->taken, first + count, memory_order_release);
    return count;
}

// MARK: - The other end

struct receiver {
    int fd;
    _Atomic uint64_t arrived, disordered;
    _Atomic int is_over;
};

static void *receive(void *argument) {
    struct receiver *receiver = argument;
    static uint64_t numbers[DRAIN];
    static struct iovec vectors[DRAIN];
    static struct mmsghdr headers[DRAIN];
    for (int i = 0; i < DRAIN; i++) {
        vectors[i] = (struct iovec){&numbers[i], sizeof numbers[i]};
        headers[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    uint64_t last = 0;
    struct pollfd request = {.fd = receiver->fd, .events = POLLIN};
    while (poll(&request, 1, 100) > 0 || !receiver->is_over) {
        int count = recvmmsg(receiver->fd, headers, DRAIN, MSG_DONTWAIT, NULL);
        for (int i = 0; i < count; i++) {
            if (numbers[i] <= last) { receiver->disordered++; }
            last = numbers[i];
        }
        if (count > 0) { receiver->arrived += (uint64_t)count; }
    }
    return NULL;
}

static int open_receiver(const struct options *options) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = BUFFER;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(options->port), .sin_addr = options->destination};
    if (fd < 0) { err(1, "socket"); }
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) { err(1, "bind"); }
    return fd;
}

// MARK: -

static void enter(const char *name) {
    char path[256];
    snprintf(path, sizeof path, "/run/netns/%s", name);
    int fd = clnx_namespace_open(path);
    int code = fd < 0 ? fd : clnx_namespace_enter(fd);
    if (code < 0) { errx(1, "%s: %s", path, strerror(-code)); }
    close(fd);
}

static uint64_t inject(
    const struct options *options, const struct clnx_live *live, int socket, int64_t *time, int64_t *busy) {
    static uint8_t frame[CLNX_LIVE_FRAME];
    make_frame(options, socket, frame);
    uint32_t interface = if_nametoindex(options->interface);
    uint16_t lengths[CLNX_LIVE_SLOTS];
    for (int i = 0; i < CLNX_LIVE_SLOTS; i++) { lengths[i] = (uint16_t)(HEADERS + options->size); }
    static struct writer writer;
    writer.options = options;
    writer.frame = frame;
    pthread_t thread;
    if (options->is_handed_over && pthread_create(&thread, NULL, write_packets, &writer) != 0) { errx(1, "thread"); }
    uint64_t sent = 0;
    *busy = -read_clock(CLOCK_THREAD_CPUTIME_ID);
    int64_t start = now(), end = start + (int64_t)(options->seconds * 1e9);
    while (now() < end) {
        uint32_t written = options->batch;
        if (options->is_handed_over) {
            written = take_frames(options, live, frame, &writer.ring, sent + 1);
            if (written == 0) { continue; }
        } else {
            write_frames(options, live, frame, sent + 1);
        }
        int count = clnx_live_run(live, interface, lengths, written);
        if (count < 0) { errx(1, "live frames: %s", strerror(-count)); }
        sent += (uint64_t)count;
    }
    *time = now() - start;
    *busy += read_clock(CLOCK_THREAD_CPUTIME_ID);
    writer.is_over = 1;
    if (options->is_handed_over) { pthread_join(thread, NULL); }
    return sent;
}

int main(int argc, char **argv) {
    struct options options = read_options(argc, argv);
    struct clnx_live live;
    int code = clnx_live_open(&live);
    if (code == 0) { code = clnx_live_warm(&live); }
    if (code < 0) { errx(1, "live frames: %s", strerror(-code)); }
    enter(options.namespace);
    struct receiver receiver = {.fd = open_receiver(&options)};
    pthread_t thread;
    if (pthread_create(&thread, NULL, receive, &receiver) != 0) { errx(1, "thread"); }
    bind_thread(options.processor);
    int64_t time, busy;
    uint64_t sent = inject(&options, &live, receiver.fd, &time, &busy);
    receiver.is_over = 1;
    pthread_join(thread, NULL);
    clnx_live_close(&live);
    double seconds = (double)time / 1e9;
    printf(
        "packets_per_second=%.0f delivered_per_second=%.0f lost_percent=%.2f disordered=%llu cpu_us_per_packet=%.3f\n",
        (double)sent / seconds, (double)receiver.arrived / seconds,
        100.0 * (double)(sent - receiver.arrived) / (double)sent, (unsigned long long)receiver.disordered,
        (double)busy / 1e3 / (double)sent);
}
