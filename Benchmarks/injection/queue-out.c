// SPDX-License-Identifier: Apache-2.0
//
// NI_QUEUE_OUT as a C programmer would do it: UDP datagrams that differ, 64 with each sendmmsg(2) on a raw socket with the
// header included, the socket's priority for a cookie and each packet's mark in a control message.
//
// Prints packets sent per second and the time of a packet.
//
//     queue-out -t NETNS -s ADDRESS -d ADDRESS [-n SECONDS] [-z BYTES] [-c PROCESSOR]
//         -t: where they are sent from            -s, -d: IPv4

#define _GNU_SOURCE

#include "outgoing.h"

#include <errno.h>
#include <poll.h>
#include <sys/uio.h>

struct control {
    _Alignas(struct cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(uint32_t))];
};

static int open_socket(void) {
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
    uint32_t priority = 0xf1231000;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof priority) != 0) { err(1, "raw socket"); }
    return fd;
}

static uint64_t send_all(const struct options *options, struct packet packets[BATCH], int fd, int64_t *time) {
    static struct mmsghdr headers[BATCH];
    static struct iovec vectors[BATCH];
    static struct control controls[BATCH];
    struct sockaddr_in destination = {.sin_family = AF_INET, .sin_addr = options->destination};
    uint64_t sent = 0;
    int64_t start = now(), end = start + (int64_t)(options->seconds * 1e9);
    while (now() < end) {
        // As for packets that are not known beforehand.
        for (uint32_t i = 0; i < BATCH; i++) {
            vectors[i] = (struct iovec){packets[i].bytes, packets[i].length};
            headers[i].msg_hdr = (struct msghdr){
                .msg_name = &destination, .msg_namelen = sizeof destination, .msg_iov = &vectors[i], .msg_iovlen = 1,
                .msg_control = controls[i].bytes, .msg_controllen = sizeof controls[i].bytes};
            struct cmsghdr *mark = CMSG_FIRSTHDR(&headers[i].msg_hdr);
            *mark = (struct cmsghdr){
                .cmsg_level = SOL_SOCKET, .cmsg_type = SO_MARK, .cmsg_len = CMSG_LEN(sizeof(uint32_t))};
            memset(CMSG_DATA(mark), 0, sizeof(uint32_t));
        }
        int count = sendmmsg(fd, headers, BATCH, 0);
        if (count > 0) {
            sent += (uint64_t)count;
        } else if (errno == EAGAIN) {
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 100);
        } else {
            err(1, "sendmmsg");
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
    int64_t time = 0;
    uint64_t sent = send_all(&options, packets, open_socket(), &time);
    report(sent, time);
}
