// SPDX-License-Identifier: Apache-2.0
//
// Verdicts: messages built one after the other in the caller's memory, and one system call that sends them all.

#include "CNetfilterQueue.h"
#include "queue_attribute.h"

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

// A verdict as it goes to the kernel, and the attribute that changes a mark or priority.
struct verdict_message {
    struct nlmsghdr header;
    struct nfgenmsg general;
    struct nlattr attribute;
    struct nfqnl_msg_verdict_hdr verdict;
};
struct change_attribute {
    struct nlattr attribute;
    uint32_t value;
};
_Static_assert(sizeof(struct verdict_message) == CNFQ_VERDICT_SIZE, "no padding in the message");
_Static_assert(sizeof(struct change_attribute) == CNFQ_CHANGE_SIZE, "no padding in the attribute");

enum { HEADER = sizeof(struct nlattr) };

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

static inline uint8_t *put_attribute(uint8_t *bytes, uint16_t type, uint32_t value) {
    *(struct change_attribute *)bytes = (struct change_attribute){
        .attribute = {.nla_len = sizeof(struct change_attribute), .nla_type = type}, .value = htobe32(value)};
    return bytes + sizeof(struct change_attribute);
}

// Writes the changes, if any, and returns where the next attribute goes.
static inline uint8_t *put_change(uint8_t *bytes, struct cnfq_change change) {
    if (change.mark >= 0) { bytes = put_attribute(bytes, NFQA_MARK, (uint32_t)change.mark); }
    if (change.priority >= 0) { bytes = put_attribute(bytes, CNFQ_ATTRIBUTE_PRIORITY, (uint32_t)change.priority); }
    return bytes;
}

// Bytes of the verdict without payload.
static inline uint32_t front_size(struct cnfq_change change) {
    return CNFQ_VERDICT_SIZE + (change.mark >= 0 ? CNFQ_CHANGE_SIZE : 0) + (change.priority >= 0 ? CNFQ_CHANGE_SIZE : 0);
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
    struct cnfq_verdicts *verdicts, uint16_t type, uint16_t queue, uint32_t id, uint32_t verdict,
    struct cnfq_change change) {
    uint32_t size = front_size(change);
    uint8_t *bytes = extend(verdicts, size);
    if (bytes == NULL) { return -ENOBUFS; }
    put_verdict(bytes, type, size, queue, id, verdict);
    put_change(bytes + CNFQ_VERDICT_SIZE, change);
    return 0;
}

int cnfq_verdict_append(
    struct cnfq_verdicts *verdicts, uint16_t queue, uint32_t id, uint32_t verdict, struct cnfq_change change) {
    return append(verdicts, NFQNL_MSG_VERDICT, queue, id, verdict, change);
}

int cnfq_verdict_append_batch(
    struct cnfq_verdicts *verdicts, uint16_t queue, uint32_t last_id, uint32_t verdict, struct cnfq_change change) {
    return append(verdicts, NFQNL_MSG_VERDICT_BATCH, queue, last_id, verdict, change);
}

int cnfq_verdict_append_payload(
    struct cnfq_verdicts *verdicts, uint16_t queue, uint32_t id, uint32_t verdict, struct cnfq_change change,
    const void *payload, uint32_t payload_length) {
    if (payload_length > CNFQ_MAX_COPY_RANGE) { return -EMSGSIZE; }
    uint32_t padded = NLA_ALIGN(HEADER + payload_length);
    uint32_t size = front_size(change) + padded;
    uint8_t *bytes = extend(verdicts, size);
    if (bytes == NULL) { return -ENOBUFS; }
    put_verdict(bytes, NFQNL_MSG_VERDICT, size, queue, id, verdict);
    uint8_t *rest = put_change(bytes + CNFQ_VERDICT_SIZE, change);
    // The attribute's length leaves the padding out: the kernel takes it for the length of the packet.
    struct nlattr attribute = {.nla_len = (uint16_t)(HEADER + payload_length), .nla_type = NFQA_PAYLOAD};
    memcpy(rest, &attribute, sizeof attribute);
    memcpy(rest + HEADER, payload, payload_length);
    memset(rest + HEADER + payload_length, 0, padded - HEADER - payload_length);
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
