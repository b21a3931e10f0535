// SPDX-License-Identifier: Apache-2.0
//
// Decoding: the attributes of one message into a flat structure, whatever the bytes are.
//
// The one place where lengths from outside are checked. Loads go through memcpy, so nothing has to be aligned.

#include "CNetfilterQueue.h"
#include "queue_attribute.h"

#include <endian.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <string.h>

_Static_assert(NFQA_PACKET_HDR == 1 && NFQA_PAYLOAD == 10 && NFQA_GID == 17, "numbering of attributes");
_Static_assert(sizeof(struct nfqnl_msg_packet_hdr) == 7, "layout of the packet header");
_Static_assert(sizeof(struct nfqnl_msg_packet_hw) == 12, "layout of the link-layer source");
_Static_assert(sizeof(struct nfqnl_msg_packet_timestamp) == 16, "layout of the time stamp");
_Static_assert(CNFQ_CHECKSUM_NOT_READY == NFQA_SKB_CSUMNOTREADY && CNFQ_IS_GSO == NFQA_SKB_GSO, "skb info");

_Static_assert(CNFQ_CHECKSUM_NOT_VERIFIED == NFQA_SKB_CSUM_NOTVERIFIED, "skb info");

enum { PACKET_TYPE = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET };

static uint32_t load32(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return be32toh(value);
}

static bool take32(struct cnfq_packet *packet, uint32_t *field, uint32_t bit, const uint8_t *value, uint32_t length) {
    if (length < 4) { return false; }
    *field = load32(value);
    packet->present |= bit;
    return true;
}

static bool take_header(struct cnfq_packet *packet, bool *has_id, const uint8_t *value, uint32_t length) {
    struct nfqnl_msg_packet_hdr header;
    if (length < sizeof header) { return false; }
    memcpy(&header, value, sizeof header);
    packet->id = be32toh(header.packet_id);
    packet->hw_protocol = be16toh(header.hw_protocol);
    packet->hook = header.hook;
    *has_id = true;
    return true;
}

static bool take_source(struct cnfq_packet *packet, const uint8_t *value, uint32_t length) {
    struct nfqnl_msg_packet_hw source;
    if (length < sizeof source) { return false; }
    memcpy(&source, value, sizeof source);
    uint16_t count = be16toh(source.hw_addrlen);
    if (count > sizeof source.hw_addr) { return false; }
    for (uint16_t i = count; i < sizeof source.hw_addr; i++) { source.hw_addr[i] = 0; }
    memcpy(&packet->hw_source, source.hw_addr, sizeof packet->hw_source);
    packet->hw_source = be64toh(packet->hw_source);
    packet->hw_source_length = count;
    packet->present |= CNFQ_HAS_HW_SOURCE;
    return true;
}

static bool take_timestamp(struct cnfq_packet *packet, const uint8_t *value, uint32_t length) {
    struct nfqnl_msg_packet_timestamp stamp;
    if (length < sizeof stamp) { return false; }
    memcpy(&stamp, value, sizeof stamp);
    packet->timestamp = be64toh(stamp.sec) * 1000000000u + be64toh(stamp.usec) * 1000u;
    packet->present |= CNFQ_HAS_TIMESTAMP;
    return true;
}

// Takes one attribute's value; false if it is too short for its type.
static bool take(struct cnfq_packet *packet, bool *has_id, uint16_t type, const uint8_t *value, uint32_t length) {
    switch (type) {
    case NFQA_PACKET_HDR: return take_header(packet, has_id, value, length);
    case NFQA_MARK: return take32(packet, &packet->mark, CNFQ_HAS_MARK, value, length);
    case CNFQ_ATTRIBUTE_PRIORITY:
        return take32(packet, &packet->priority, CNFQ_HAS_PRIORITY, value, length);
    case NFQA_TIMESTAMP: return take_timestamp(packet, value, length);
    case NFQA_IFINDEX_INDEV: return take32(packet, &packet->indev, CNFQ_HAS_INDEV, value, length);
    case NFQA_IFINDEX_OUTDEV: return take32(packet, &packet->outdev, CNFQ_HAS_OUTDEV, value, length);
    case NFQA_IFINDEX_PHYSINDEV: return take32(packet, &packet->physindev, CNFQ_HAS_PHYSINDEV, value, length);
    case NFQA_IFINDEX_PHYSOUTDEV: return take32(packet, &packet->physoutdev, CNFQ_HAS_PHYSOUTDEV, value, length);
    case NFQA_HWADDR: return take_source(packet, value, length);
    case NFQA_CT_INFO: return take32(packet, &packet->conntrack_info, CNFQ_HAS_CONNTRACK_INFO, value, length);
    case NFQA_CAP_LEN: return take32(packet, &packet->length, CNFQ_HAS_CUT, value, length);
    case NFQA_SKB_INFO: return take32(packet, &packet->skb_info, CNFQ_HAS_SKB_INFO, value, length);
    case NFQA_UID: return take32(packet, &packet->uid, CNFQ_HAS_UID, value, length);
    case NFQA_GID: return take32(packet, &packet->gid, CNFQ_HAS_GID, value, length);
    case NFQA_PAYLOAD:
        packet->payload = value;
        packet->payload_length = length;
        packet->present |= CNFQ_HAS_PAYLOAD;
        return true;
    case NFQA_CT:
        packet->conntrack = value;
        packet->conntrack_length = length;
        packet->present |= CNFQ_HAS_CONNTRACK;
        return true;
    default: return true;
    }
}

// Decodes what follows the message header. Attributes that are cut off or broken leave the packet usable, as long as
// its id came through: a packet that could not be answered would wait in its queue for ever.
static int decode_packet(const uint8_t *bytes, size_t length, struct cnfq_packet *packet) {
    struct nfgenmsg general;
    memset(packet, 0, sizeof *packet);
    if (length < sizeof general) { return CNFQ_MALFORMED; }
    memcpy(&general, bytes, sizeof general);
    packet->family = general.nfgen_family;
    packet->queue = be16toh(general.res_id);

    bool has_id = false, sound = true;
    size_t offset = sizeof general;
    while (length - offset >= sizeof(struct nlattr)) {
        struct nlattr attribute;
        memcpy(&attribute, bytes + offset, sizeof attribute);
        if (attribute.nla_len < sizeof attribute || attribute.nla_len > length - offset) {
            sound = false;
            break;
        }
        uint16_t type = attribute.nla_type & NLA_TYPE_MASK;
        uint32_t value_length = attribute.nla_len - (uint32_t)sizeof attribute;
        sound &= take(packet, &has_id, type, bytes + offset + sizeof attribute, value_length);
        size_t step = NLA_ALIGN((size_t)attribute.nla_len);
        offset = step < length - offset ? offset + step : length;
    }
    if (!has_id) { return CNFQ_MALFORMED; }
    if (!sound) { packet->present |= CNFQ_HAS_DAMAGE; }
    if (packet->length <= packet->payload_length) {
        packet->length = packet->payload_length;
        packet->present &= ~(uint32_t)CNFQ_HAS_CUT;
    }
    return CNFQ_PACKET;
}

int cnfq_decode(const void *bytes, size_t length, struct cnfq_packet *packet, struct cnfq_refusal *refusal) {
    struct nlmsghdr header;
    if (length < sizeof header) { return CNFQ_MALFORMED; }
    memcpy(&header, bytes, sizeof header);
    if (header.nlmsg_len < sizeof header) { return CNFQ_MALFORMED; }
    bool cut = header.nlmsg_len > length;
    size_t body_length = (cut ? length : header.nlmsg_len) - sizeof header;
    const uint8_t *body = (const uint8_t *)bytes + sizeof header;

    if (header.nlmsg_type == PACKET_TYPE) {
        int kind = decode_packet(body, body_length, packet);
        if (cut && kind == CNFQ_PACKET) { packet->present |= CNFQ_HAS_DAMAGE; }
        return kind;
    }
    if (header.nlmsg_type != NLMSG_ERROR) { return CNFQ_OTHER; }
    struct nlmsgerr error;
    if (body_length < sizeof error) { return CNFQ_MALFORMED; }
    memcpy(&error, body, sizeof error);
    if (error.error >= 0) { return CNFQ_OTHER; }
    *refusal = (struct cnfq_refusal){.error = error.error, .sequence = error.msg.nlmsg_seq};
    return CNFQ_REFUSAL;
}
