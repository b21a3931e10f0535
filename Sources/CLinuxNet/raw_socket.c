// SPDX-License-Identifier: Apache-2.0
//
// Raw sockets: one sendmmsg(2) for a batch of packets that lie in pieces.

#define _GNU_SOURCE

#include "CLinuxNet.h"
#include "raw_batch.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

// Bytes of memory for packets under way, in the kernel's count, of which a short packet takes some 800.
enum { SEND_BUFFER = 512 << 10 };

// MARK: - Opening

static int set(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value) == 0 ? 0 : -errno;
}

// A raw socket gets every packet of its protocol number, also of 255, which is nobody's.
static int refuse_everything(int fd) {
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog filter = {.len = 1, .filter = &nothing};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0 ? 0 : -errno;
}

static int prepare(int fd, uint8_t family) {
    int result = refuse_everything(fd);
    if (result != 0) { return result; }
    bool is_ipv4 = family == AF_INET;
    result = is_ipv4 ? set(fd, IPPROTO_IP, IP_HDRINCL, 1) : set(fd, IPPROTO_IPV6, IPV6_HDRINCL, 1);
    if (result != 0) { return result; }
    // IPv4 takes any source where the header is included.
    result = is_ipv4 ? set(fd, SOL_SOCKET, SO_BROADCAST, 1) : set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
    if (result != 0) { return result; }
    // The kernel doubles it.
    return set(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER / 2);
}

int clnx_raw_open(uint8_t family) {
    if (family != AF_INET && family != AF_INET6) { return -EAFNOSUPPORT; }
    int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
    if (fd < 0) { return -errno; }
    int result = prepare(fd, family);
    if (result == 0) { return fd; }
    close(fd);
    return result;
}

int clnx_raw_set_priority(int fd, uint32_t priority) { return set(fd, SOL_SOCKET, SO_PRIORITY, (int)priority); }

// MARK: - A batch

size_t clnx_raw_batch_size(void) { return sizeof(struct clnx_raw_batch); }

struct clnx_raw_batch *clnx_raw_prepare(void *memory) {
    struct clnx_raw_batch *batch = memory;
    memset(batch, 0, sizeof *batch);
    for (uint32_t i = 0; i < CLNX_RAW_BATCH; i++) {
        batch->headers[i].msg_hdr.msg_name = &batch->addresses[i];
        batch->headers[i].msg_hdr.msg_control = batch->controls[i].bytes;
    }
    return batch;
}

// Appends a control message behind what the packet has already.
static void put_control(struct msghdr *message, int level, int type, const void *value, size_t length) {
    struct cmsghdr *control = (struct cmsghdr *)((uint8_t *)message->msg_control + message->msg_controllen);
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(control), value, length);
    message->msg_controllen += CMSG_SPACE(length);
}

// Whether the kernel takes an address for a source: not 0.0.0.0/8, no multicast, not 255.255.255.255.
static bool is_source(uint32_t address) {
    return address >> 24 != 0 && !IN_MULTICAST(address) && address != INADDR_BROADCAST;
}

// The route depends on the source, which the kernel wouldn't look for in the packet.
static void aim_ipv4(struct msghdr *message, const uint8_t *bytes, uint32_t interface) {
    struct ip header;
    memcpy(&header, bytes, sizeof header);
    struct sockaddr_in *address = message->msg_name;
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = header.ip_dst};
    message->msg_namelen = sizeof *address;

    uint32_t destination = ntohl(header.ip_dst.s_addr);
    bool is_on_link = IN_MULTICAST(destination) || destination == INADDR_BROADCAST;
    struct in_pktinfo information = {0};
    if (is_on_link) { information.ipi_ifindex = (int)interface; }
    // A source without an interface would choose the interface of a multicast, and must be the host's own there.
    if (is_source(ntohl(header.ip_src.s_addr)) && (!is_on_link || interface != 0)) {
        information.ipi_spec_dst = header.ip_src;
    }
    if (information.ipi_ifindex != 0 || information.ipi_spec_dst.s_addr != 0) {
        put_control(message, IPPROTO_IP, IP_PKTINFO, &information, sizeof information);
    }
}

static void aim_ipv6(struct msghdr *message, const uint8_t *bytes, uint32_t interface) {
    struct ip6_hdr header;
    memcpy(&header, bytes, sizeof header);
    struct sockaddr_in6 *address = message->msg_name;
    *address = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = header.ip6_dst};
    message->msg_namelen = sizeof *address;

    bool is_on_link = IN6_IS_ADDR_MULTICAST(&header.ip6_dst) || IN6_IS_ADDR_LINKLOCAL(&header.ip6_dst);
    struct in6_pktinfo information = {.ipi6_ifindex = is_on_link ? interface : 0};
    // Link-local sources say nothing without an interface.
    bool is_bound = IN6_IS_ADDR_MULTICAST(&header.ip6_src) || IN6_IS_ADDR_LINKLOCAL(&header.ip6_src);
    if (!IN6_IS_ADDR_MULTICAST(&header.ip6_src) && (!is_bound || information.ipi6_ifindex != 0)) {
        information.ipi6_addr = header.ip6_src;
    }
    if (information.ipi6_ifindex != 0 || !IN6_IS_ADDR_UNSPECIFIED(&information.ipi6_addr)) {
        put_control(message, IPPROTO_IPV6, IPV6_PKTINFO, &information, sizeof information);
    }
}

int clnx_raw_add(
    struct clnx_raw_batch *batch, uint8_t family, uint32_t mark, uint32_t interface, const void *bytes,
    size_t length) {
    if (batch->count == CLNX_RAW_BATCH) { return -ENOBUFS; }
    bool is_ipv4 = family == AF_INET;
    if (length < (is_ipv4 ? sizeof(struct ip) : sizeof(struct ip6_hdr))) { return -EINVAL; }
    struct msghdr *message = &batch->headers[batch->count].msg_hdr;
    message->msg_controllen = 0;
    is_ipv4 ? aim_ipv4(message, bytes, interface) : aim_ipv6(message, bytes, interface);
    if (mark != 0) { put_control(message, SOL_SOCKET, SO_MARK, &mark, sizeof mark); }
    message->msg_iov = &batch->vectors[batch->parts++];
    message->msg_iovlen = 1;
    *message->msg_iov = (struct iovec){.iov_base = (void *)bytes, .iov_len = length};
    batch->count++;
    return 0;
}

int clnx_raw_continue(struct clnx_raw_batch *batch, const void *bytes, size_t length) {
    if (batch->count == 0) { return -EINVAL; }
    struct msghdr *message = &batch->headers[batch->count - 1].msg_hdr;
    if (message->msg_iovlen == CLNX_RAW_PARTS) { return -EMSGSIZE; }
    batch->vectors[batch->parts++] = (struct iovec){.iov_base = (void *)bytes, .iov_len = length};
    message->msg_iovlen++;
    return 0;
}

void clnx_raw_clear(struct clnx_raw_batch *batch) {
    batch->count = 0;
    batch->parts = 0;
}

uint32_t clnx_raw_send(int fd, struct clnx_raw_batch *batch, int32_t *outcomes) {
    uint32_t done = 0;
    while (done < batch->count) {
        int sent = sendmmsg(fd, batch->headers + done, batch->count - done, 0);
        if (sent > 0) {
            memset(outcomes + done, 0, (size_t)sent * sizeof *outcomes);
            done += (uint32_t)sent;
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            // The error of a packet is told only if it is the first of the call.
            outcomes[done++] = -errno;
            if (errno == EMSGSIZE) { break; }
        }
    }
    clnx_raw_clear(batch);
    return done;
}
