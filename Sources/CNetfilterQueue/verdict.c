// SPDX-License-Identifier: Apache-2.0
//
// Verdicts: messages built one after the other in the caller's memory, and one system call that sends them all.

#include "CNetfilterQueue.h"

#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(CNFQ_DROP == NF_DROP && CNFQ_ACCEPT == NF_ACCEPT && CNFQ_QUEUE == NF_QUEUE, "verdict");
_Static_assert(CNFQ_REPEAT == NF_REPEAT && CNFQ_STOP == NF_STOP, "verdict");

// A verdict as it goes to the kernel, and the attribute that adds a mark.
struct verdict_message {
    struct nlmsghdr header;
    struct nfgenmsg general;
    struct nlattr attribute;
    struct nfqnl_msg_verdict_hdr verdict;
};
struct mark_attribute {
    struct nlattr attribute;
    uint32_t mark;
};
_Static_assert(sizeof(struct verdict_message) == CNFQ_VERDICT_SIZE, "no padding in the message");
_Static_assert(sizeof(struct verdict_message) + sizeof(struct mark_attribute) == CNFQ_MARKED_VERDICT_SIZE, "size");

enum { HEADER = sizeof(struct nlattr), NO_MARK = -1 };

void cnfq_verdicts_prepare(struct cnfq_verdicts *verdicts, void *memory, uint32_t capacity) {
    *verdicts = (struct cnfq_verdicts){.bytes = memory, .capacity = capacity};
}

static inline void put_verdict(
    uint8_t *bytes, uint16_t type, uint32_t size, uint16_t queue, uint32_t id, uint32_t verdict) {
    // In place: built on the stack and copied, it would take three times as long. The caller's memory is aligned and
    // every message a multiple of 4 bytes.
    *(struct verdict_message *)bytes = (struct verdict_message){
        .header = {
            .nlmsg_len = size,
            .nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | type,
            .nlmsg_flags = NLM_F_REQUEST,
            .nlmsg_seq = id,  // comes back in a refusal
        },
        .general = {.version = NFNETLINK_V0, .res_id = htobe16(queue)},
        .attribute = {.nla_len = HEADER + sizeof(struct nfqnl_msg_verdict_hdr), .nla_type = NFQA_VERDICT_HDR},
        .verdict = {.verdict = htobe32(verdict), .id = htobe32(id)},
    };
}

static inline void put_mark(uint8_t *bytes, uint32_t mark) {
    *(struct mark_attribute *)bytes = (struct mark_attribute){
        .attribute = {.nla_len = sizeof(struct mark_attribute), .nla_type = NFQA_MARK}, .mark = htobe32(mark)};
}

// Room for a message of `size` bytes, a multiple of 4, at the end; null if there is none.
static inline uint8_t *extend(struct cnfq_verdicts *verdicts, uint32_t size) {
    if (size > verdicts->capacity - verdicts->length) { return NULL; }
    uint8_t *bytes = verdicts->bytes + verdicts->length;
    verdicts->length += size;
    verdicts->count++;
    return bytes;
}

static int append(
    struct cnfq_verdicts *verdicts, uint16_t type, uint16_t queue, uint32_t id, uint32_t verdict, int64_t mark) {
    uint32_t size = mark < 0 ? CNFQ_VERDICT_SIZE : CNFQ_MARKED_VERDICT_SIZE;
    uint8_t *bytes = extend(verdicts, size);
    if (bytes == NULL) { return -ENOBUFS; }
    put_verdict(bytes, type, size, queue, id, verdict);
    if (mark >= 0) { put_mark(bytes + CNFQ_VERDICT_SIZE, (uint32_t)mark); }
    return 0;
}

int cnfq_verdict_append(struct cnfq_verdicts *verdicts, uint16_t queue, uint32_t id, uint32_t verdict) {
    return append(verdicts, NFQNL_MSG_VERDICT, queue, id, verdict, NO_MARK);
}

int cnfq_verdict_append_mark(
    struct cnfq_verdicts *verdicts, uint16_t queue, uint32_t id, uint32_t verdict, uint32_t mark) {
    return append(verdicts, NFQNL_MSG_VERDICT, queue, id, verdict, mark);
}

int cnfq_verdict_append_batch(
    struct cnfq_verdicts *verdicts, uint16_t queue, uint32_t last_id, uint32_t verdict, int64_t mark) {
    return append(verdicts, NFQNL_MSG_VERDICT_BATCH, queue, last_id, verdict, mark);
}

int cnfq_verdict_append_payload(
    struct cnfq_verdicts *verdicts, uint16_t queue, uint32_t id, uint32_t verdict, int64_t mark, const void *payload,
    uint32_t payload_length) {
    if (payload_length > CNFQ_MAX_COPY_RANGE) { return -EMSGSIZE; }
    uint32_t front = mark < 0 ? CNFQ_VERDICT_SIZE : CNFQ_MARKED_VERDICT_SIZE;
    uint32_t padded = NLA_ALIGN(HEADER + payload_length);
    uint8_t *bytes = extend(verdicts, front + padded);
    if (bytes == NULL) { return -ENOBUFS; }
    put_verdict(bytes, NFQNL_MSG_VERDICT, front + padded, queue, id, verdict);
    if (mark >= 0) { put_mark(bytes + CNFQ_VERDICT_SIZE, (uint32_t)mark); }
    // The attribute's length leaves the padding out: the kernel takes it for the length of the packet.
    struct nlattr attribute = {.nla_len = (uint16_t)(HEADER + payload_length), .nla_type = NFQA_PAYLOAD};
    memcpy(bytes + front, &attribute, sizeof attribute);
    memcpy(bytes + front + HEADER, payload, payload_length);
    memset(bytes + front + HEADER + payload_length, 0, padded - HEADER - payload_length);
    return 0;
}

static int send_all(int fd, const uint8_t *bytes, uint32_t length) {
    ssize_t sent;
    do {
        sent = send(fd, bytes, length, MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

// A netlink message is taken as a whole or not at all, and the kernel has acted on it when send(2) returns.
int cnfq_verdicts_send(int fd, struct cnfq_verdicts *verdicts) {
    if (verdicts->length == 0) { return 0; }
    int result = send_all(fd, verdicts->bytes, verdicts->length);
    uint32_t done = result == 0 ? verdicts->length : 0;
    if (result == -ENOBUFS || result == -EMSGSIZE) {
        // No memory in one piece, or a socket buffer smaller than this one.
        for (result = 0; done < verdicts->length; ) {
            uint32_t size;
            memcpy(&size, verdicts->bytes + done, sizeof size);
            result = send_all(fd, verdicts->bytes + done, size);
            if (result != 0) { break; }
            done += size;
            verdicts->count--;
        }
    }
    if (done == verdicts->length) { verdicts->count = 0; }
    memmove(verdicts->bytes, verdicts->bytes + done, verdicts->length - done);
    verdicts->length -= done;
    return result;
}
