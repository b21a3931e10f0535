// SPDX-License-Identifier: Apache-2.0
//
// Receiving: the memory for a batch of messages, laid out once, and one system call that fills it.

#define _GNU_SOURCE

#include "CNetfilterQueue.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
    MAX_MESSAGES = 1024,
    // The largest packet and 4 KiB for its other attributes, which never come near that much. The odd number of cache
    // lines on top spreads the beginnings of the messages over the cache: at whole pages they would all fall into the
    // same few sets.
    MESSAGE_SIZE = 68 * 1024 + 3 * 64,
    CACHE_LINE = 64,
};
_Static_assert(MESSAGE_SIZE >= CNFQ_MAX_COPY_RANGE + 4 + 4000, "room for any packet");
_Static_assert(MESSAGE_SIZE % CACHE_LINE == 0, "messages begin on cache lines");

struct cnfq_slab {
    uint32_t messages;
    struct mmsghdr headers[];
};

static size_t round_up(size_t size) { return (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE; }

// Bytes before the messages: the description.
static size_t front_size(uint32_t messages) {
    return round_up(sizeof(struct cnfq_slab) + messages * (sizeof(struct mmsghdr) + sizeof(struct iovec)));
}

size_t cnfq_slab_size(uint32_t messages) {
    if (messages == 0 || messages > MAX_MESSAGES) { return 0; }
    return front_size(messages) + (size_t)messages * MESSAGE_SIZE;
}

struct cnfq_slab *cnfq_slab_prepare(void *memory, size_t size, uint32_t messages) {
    size_t needed = cnfq_slab_size(messages);
    if (needed == 0 || size < needed || (uintptr_t)memory % CACHE_LINE != 0) { return NULL; }
    struct cnfq_slab *slab = memory;
    memset(slab, 0, front_size(messages));
    slab->messages = messages;
    struct iovec *vectors = (struct iovec *)&slab->headers[messages];
    uint8_t *message = (uint8_t *)memory + front_size(messages);
    for (uint32_t i = 0; i < messages; i++) {
        vectors[i] = (struct iovec){.iov_base = message + (size_t)i * MESSAGE_SIZE, .iov_len = MESSAGE_SIZE};
        slab->headers[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    return slab;
}

int cnfq_receive(int fd, struct cnfq_slab *slab, struct cnfq_packet *packets, struct cnfq_received *received) {
    memset(received, 0, sizeof *received);
    int count;
    do {
        count = recvmmsg(fd, slab->headers, slab->messages, MSG_DONTWAIT, NULL);
    } while (count < 0 && errno == EINTR);
    if (count < 0) { return errno == EAGAIN ? 0 : -errno; }

    for (int i = 0; i < count; i++) {
        const struct mmsghdr *header = &slab->headers[i];
        if ((header->msg_hdr.msg_flags & MSG_TRUNC) != 0) { received->truncated++; }
        const void *bytes = header->msg_hdr.msg_iov->iov_base;
        switch (cnfq_decode(bytes, header->msg_len, &packets[received->packets], &received->last)) {
        case CNFQ_PACKET: received->packets++; break;
        case CNFQ_REFUSAL: received->refusals++; break;
        case CNFQ_MALFORMED: received->malformed++; break;
        default: break;
        }
    }
    return count;
}
