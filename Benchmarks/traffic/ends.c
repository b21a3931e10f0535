// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE

#include "ends.h"

#include "clock.h"

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOCKET_BUFFER = 64 << 20, DRAIN = 64 };

struct address {
    struct sockaddr_storage storage;
    socklen_t length;
};

static struct address parse(const char *text, uint16_t port) {
    struct address address = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address.storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address.storage;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        address.length = sizeof *v4;
    } else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        address.length = sizeof *v6;
    } else {
        errx(64, "%s: not an address", text);
    }
    return address;
}

static void enter(const char *name) {
    char path[256];
    snprintf(path, sizeof path, "/run/netns/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) != 0) { err(1, "%s", path); }
    close(fd);
}

// Opens a socket in a namespace and binds it to a local address.
static int open_bound(const char *namespace, int type, const struct address *local) {
    enter(namespace);
    int fd = socket(local->storage.ss_family, type | SOCK_CLOEXEC, 0);
    int on = 1, size = SOCKET_BUFFER;
    if (fd < 0) { err(1, "socket"); }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // TCP sizes its buffers itself.
    if (type & SOCK_NONBLOCK) { setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size); }
    if (bind(fd, (const struct sockaddr *)&local->storage, local->length) != 0) { err(1, "bind"); }
    return fd;
}

static void connect_to(int fd, const struct address *remote) {
    if (connect(fd, (const struct sockaddr *)&remote->storage, remote->length) != 0) { err(1, "connect"); }
}

struct ends open_udp(const struct options *options) {
    struct address source = parse(options->source, options->port + 1);
    struct address destination = parse(options->destination, options->port);
    struct ends ends = {
        .sender = open_bound(options->from, SOCK_DGRAM | SOCK_NONBLOCK, &source),
        .receiver = open_bound(options->to, SOCK_DGRAM | SOCK_NONBLOCK, &destination),
    };
    connect_to(ends.sender, &destination);
    connect_to(ends.receiver, &source);
    for (int64_t end = now() + 5000000000; now() < end; usleep(1000)) {
        (void)send(ends.sender, "hello", 5, 0);
        usleep(1000);
        if (drain(ends.receiver) > 0) {
            usleep(100000);
            drain(ends.receiver);
            return ends;
        }
    }
    errx(1, "no datagram gets through");
}

struct ends open_tcp(const struct options *options) {
    struct address source = parse(options->source, 0);
    struct address destination = parse(options->destination, options->port);
    int listener = open_bound(options->to, SOCK_STREAM, &destination);
    if (listen(listener, 1) != 0) { err(1, "listen"); }
    struct ends ends = {.sender = open_bound(options->from, SOCK_STREAM, &source)};
    connect_to(ends.sender, &destination);
    ends.receiver = accept(listener, NULL, NULL);
    if (ends.receiver < 0) { err(1, "accept"); }
    close(listener);
    return ends;
}

uint64_t drain(int fd) {
    static char bytes[DRAIN][8];
    static struct iovec vectors[DRAIN];
    static struct mmsghdr headers[DRAIN];
    if (headers[0].msg_hdr.msg_iov == NULL) {
        for (int i = 0; i < DRAIN; i++) {
            vectors[i] = (struct iovec){bytes[i], sizeof bytes[i]};
            headers[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
        }
    }
    uint64_t total = 0;
    for (int count = DRAIN; count == DRAIN;) {
        count = recvmmsg(fd, headers, DRAIN, MSG_DONTWAIT, NULL);
        if (count > 0) { total += (uint64_t)count; }
    }
    return total;
}
