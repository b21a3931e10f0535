// SPDX-License-Identifier: Apache-2.0
//
// One netfilter queue: open and configure it, take packets from it in batches, send verdicts back in batches.
//
// Rules that hold for every function here
//   Failure    A negative errno is returned; `errno` itself says nothing afterwards.
//   Memory     The caller owns all of it. Nothing here allocates.
//   Bytes      Numbers are in host byte order.
//   Threads    A socket belongs for good to the network namespace of the thread that opened it, and may afterwards be
//              used from any thread of any namespace. Receiving and sending may go on at the same time on two threads;
//              a slab or a verdict buffer is used by one thread at a time.
//
// Sources: linux/netfilter/nfnetlink_queue.h, net/netfilter/nfnetlink_queue.c, netlink(7), recvmmsg(2).

#pragma once

#include <stddef.h>
#include <stdint.h>

#if !defined(__clang__) && !defined(_Nonnull)
#define _Nonnull
#define _Nullable
#endif

// MARK: - Opening (socket.c, config.c)

// What the kernel does with a queue, bits of `cnfq_config.flags` (NFQA_CFG_F_*).
enum {
    CNFQ_FAIL_OPEN = 1 << 0,  // a packet that finds the queue full passes unseen, overtaking those that wait
    CNFQ_CONNTRACK = 1 << 1,  // send the connection tracking entry with the packet
    CNFQ_GSO = 1 << 2,        // send aggregated packets whole; their checksums may not be filled in yet
    CNFQ_UID_GID = 1 << 3,    // send the owner of the local socket, where there is one
};

// How much of a packet is copied (NFQNL_COPY_*).
enum {
    CNFQ_COPY_META = 1,
    CNFQ_COPY_PACKET = 2,
};

// The most that one message can carry of a packet: an attribute's length has 16 bits and counts its own header.
enum { CNFQ_MAX_COPY_RANGE = 65531 };

struct cnfq_config {
    uint16_t queue;           // queue number
    uint8_t copy_mode;        // CNFQ_COPY_*
    uint32_t copy_range;      // bytes copied of each packet with CNFQ_COPY_PACKET; 0 is CNFQ_MAX_COPY_RANGE
    uint32_t queue_length;    // packets that may wait for a verdict; 0 leaves the kernel's 1024
    uint32_t flags;           // CNFQ_FAIL_OPEN ...
    uint32_t receive_buffer;  // bytes of SO_RCVBUF; 0 leaves the system's default
    uint32_t send_buffer;     // bytes of the largest verdict buffer sent at once; 0 leaves the system's default
};

struct cnfq_opened {
    int32_t fd;               // the socket, the caller's to close(2), which unbinds and drops what waits; -1 on failure
    uint32_t port;            // its netlink port id, as /proc/net/netfilter/nfnetlink_queue shows it
    uint32_t receive_buffer;  // bytes granted, in the kernel's count: twice those asked for, or less
    uint32_t refused_flags;   // with -EOPNOTSUPP: those of the requested flags that this kernel does not have
};

// Opens a socket in the calling thread's network namespace and binds it to a queue. Binding, copy mode, length and
// flags go in one message, for a queue that is bound but not configured drops every packet.
//
// Nothing is lost on the way: a queue with traffic may have packets on the socket at once; they stay there for
// `cnfq_receive`. The socket is non-blocking, closed on exec and connected to the kernel, so no other process can send
// to it. ENOBUFS stays switched on: the loss of a packet for want of socket buffer is reported, not hidden.
//
// Returns 0, or:
//   -EPERM       another socket holds this number (`cnfq_queue_owner` then finds it), or CAP_NET_ADMIN is missing
//   -EOPNOTSUPP  the kernel lacks a flag: see `refused_flags`; a second try without those is the caller's decision
//   -EINVAL      impossible configuration, or the kernel has no nfnetlink_queue
//   anything that socket(2), bind(2) or setsockopt(2) give
int cnfq_open(const struct cnfq_config *_Nonnull config, struct cnfq_opened *_Nonnull opened);

// Changes everything but the number of an open queue while packets flow, which another thread may read meanwhile. The
// send buffer stays.
//
// Returns 0, or -EOPNOTSUPP and in `refused_flags` what the kernel lacks, -EINVAL for an impossible configuration, or
// anything that socket(2), setsockopt(2) or send(2) give. With the first two nothing has changed.
int cnfq_reconfigure(int fd, const struct cnfq_config *_Nonnull config, uint32_t *_Nonnull refused_flags);

// MARK: - A packet (decode.c)

// Which fields of a `cnfq_packet` came with it, bits of `present`. Absent fields are 0.
enum {
    CNFQ_HAS_PAYLOAD = 1 << 0,
    CNFQ_HAS_MARK = 1 << 1,
    CNFQ_HAS_TIMESTAMP = 1 << 2,
    CNFQ_HAS_INDEV = 1 << 3,
    CNFQ_HAS_OUTDEV = 1 << 4,
    CNFQ_HAS_PHYSINDEV = 1 << 5,
    CNFQ_HAS_PHYSOUTDEV = 1 << 6,
    CNFQ_HAS_HW_SOURCE = 1 << 7,
    CNFQ_HAS_UID = 1 << 8,
    CNFQ_HAS_GID = 1 << 9,
    CNFQ_HAS_SKB_INFO = 1 << 10,
    CNFQ_HAS_CONNTRACK = 1 << 11,
    CNFQ_HAS_CONNTRACK_INFO = 1 << 12,
    CNFQ_HAS_CUT = 1 << 13,      // payload_length is less than length
    CNFQ_HAS_PRIORITY = 1 << 14,
    CNFQ_HAS_DAMAGE = 1 << 15,   // the message was cut or an attribute broken; the id is good, so a verdict is possible
};

// Bits of `skb_info` (NFQA_SKB_*).
enum {
    CNFQ_CHECKSUM_NOT_READY = 1 << 0,     // transport checksum not filled in yet, but the packet is sound
    CNFQ_IS_GSO = 1 << 1,                 // larger than the device's MTU, to be segmented later
    CNFQ_CHECKSUM_NOT_VERIFIED = 1 << 2,  // nobody has verified the checksum
};

// One queued packet. The two pointers lead into the memory that was decoded, and are valid as long as that is: for
// `cnfq_receive`, until the next call with the same slab.
struct cnfq_packet {
    const uint8_t *_Nullable payload;    // the packet from its network header on
    const uint8_t *_Nullable conntrack;  // attributes of NFQA_CT, as linux/netfilter/nfnetlink_conntrack.h has them
    uint64_t timestamp;                  // of arrival, nanoseconds since 1970, in whole microseconds; comes only while
                                         // some socket of the machine asks for time stamps (SO_TIMESTAMP)
    uint64_t hw_source;                  // link-layer source, first byte in the highest place: 02:00:00:00:00:01 is
                                         // 0x0200_0000_0001_0000
    uint32_t id;                         // the number that a verdict names, ascending in a queue
    uint32_t payload_length;             // bytes at payload
    uint32_t length;                     // bytes of the whole packet, also when it was cut
    uint32_t conntrack_length;           // bytes at conntrack
    uint32_t conntrack_info;             // enum ip_conntrack_info
    uint32_t mark;                       // the packet's firewall mark
    uint32_t priority;                   // as SO_PRIORITY of socket(7) sets it; comes since Linux 5.18, unless 0
    uint32_t indev, outdev;              // interface indices
    uint32_t physindev, physoutdev;      // ports of a bridge, where bridge netfilter is in play
    uint32_t uid, gid;                   // owner of the local socket
    uint32_t skb_info;                   // CNFQ_CHECKSUM_NOT_READY ...
    uint32_t present;                    // CNFQ_HAS_*
    uint16_t queue;                      // queue number
    uint16_t hw_protocol;                // link-layer protocol: 0x0800, 0x86dd
    uint16_t hw_source_length;           // bytes of hw_source that count, at most 8
    uint8_t hook;                        // NF_INET_PRE_ROUTING 0, LOCAL_IN 1, FORWARD 2, LOCAL_OUT 3, POST_ROUTING 4
    uint8_t family;                      // NFPROTO_IPV4 2, NFPROTO_IPV6 10
};

// What a message is.
enum {
    CNFQ_MALFORMED = -1,  // not a netlink message, or a packet without an id
    CNFQ_PACKET = 0,      // `packet` is filled
    CNFQ_REFUSAL = 1,     // the kernel refused an earlier message; `refusal` is filled
    CNFQ_OTHER = 2,       // anything else, acknowledgements included: to be ignored
};

struct cnfq_refusal {
    int32_t error;      // negative errno; -ENOENT: the packet of a verdict was gone already
    uint32_t sequence;  // of the refused message; verdicts carry the packet id here
};

// Decodes one netlink message, whatever the bytes: reads nothing outside them. Only the first message is read; the
// kernel sends one packet a datagram. Returns CNFQ_*.
int cnfq_decode(
    const void *_Nonnull bytes, size_t length, struct cnfq_packet *_Nonnull packet,
    struct cnfq_refusal *_Nonnull refusal);

// MARK: - Receiving a batch (receive.c)

// Receive memory, described once. Opaque: it lies at the front of the memory given to `cnfq_slab_prepare`.
struct cnfq_slab;

// Bytes of memory needed for batches of `messages`: about 68 KiB each, whatever the copy range, so that no packet is
// ever too large to be taken. Pages are touched only as far as packets reach. 0 if `messages` is 0 or above 1024.
size_t cnfq_slab_size(uint32_t messages);

// Lays out a slab in `memory`, 64-byte aligned and `cnfq_slab_size(messages)` bytes long, which stays the caller's and
// must not move. Returns the slab, null on a bad argument.
struct cnfq_slab *_Nullable cnfq_slab_prepare(void *_Nonnull memory, size_t size, uint32_t messages);

// What one batch held.
struct cnfq_received {
    uint32_t packets;           // filled in `packets`
    uint32_t refusals;          // messages that the kernel refused, verdicts above all
    uint32_t malformed;         // messages without a packet id
    uint32_t truncated;         // messages larger than the slab's, counted besides
    struct cnfq_refusal last;   // the last refusal, if any
};

// Takes what is waiting, at most a slab full, by one recvmmsg(2) that does not block. `packets` has room for as many as
// the slab has messages; they are in order of arrival.
//
// Returns the number of messages taken (the slab's number: call again), 0 if none was waiting, or -errno. -ENOBUFS says
// that the kernel dropped packets since the last call because the socket's buffer was full: count it and go on.
int cnfq_receive(
    int fd, struct cnfq_slab *_Nonnull slab, struct cnfq_packet *_Nonnull packets,
    struct cnfq_received *_Nonnull received);

// MARK: - Verdicts (verdict.c)

// Verdicts (NF_*). NF_STOLEN is not for user space: the kernel refuses it and the packet goes on waiting.
enum {
    CNFQ_DROP = 0,
    CNFQ_ACCEPT = 1,
    CNFQ_QUEUE = 3,   // to the queue in the upper 16 bits
    CNFQ_REPEAT = 4,  // through the same hook again
    CNFQ_STOP = 5,    // accepted, no later rule of this hook sees it
};

// Verdict messages, one after the other, to be sent together. Only this file's functions write its fields.
struct cnfq_verdicts {
    uint8_t *_Nullable bytes;
    uint32_t capacity;  // bytes
    uint32_t length;    // bytes in use
    uint32_t count;     // messages in use
};

// Bytes that a verdict takes; mark and priority add 8 each, a payload 4 and its length, rounded up to 4.
enum {
    CNFQ_VERDICT_SIZE = 32,
    CNFQ_CHANGE_SIZE = 8,
};

// What a verdict changes of a packet beside its bytes; -1 leaves a field as it is.
struct cnfq_change {
    int64_t mark;
    int64_t priority;  // Linux 5.18; kernels before that ignore it
};

// Starts an empty buffer in `memory`, 8-byte aligned, which stays the caller's. For the whole buffer to leave in one
// call, `cnfq_config.send_buffer` is at least `capacity`.
void cnfq_verdicts_prepare(struct cnfq_verdicts *_Nonnull verdicts, void *_Nonnull memory, uint32_t capacity);

// Append the verdict on one packet; the second form also replaces its bytes from the network header on (copied here;
// checksums are the caller's, in full).
// Return 0, -ENOBUFS if there is no room left (send, then append again), or -EMSGSIZE for a payload above
// CNFQ_MAX_COPY_RANGE.
int cnfq_verdict_append(
    struct cnfq_verdicts *_Nonnull verdicts, uint16_t queue, uint32_t id, uint32_t verdict, struct cnfq_change change);
int cnfq_verdict_append_payload(
    struct cnfq_verdicts *_Nonnull verdicts, uint16_t queue, uint32_t id, uint32_t verdict, struct cnfq_change change,
    const void *_Nonnull payload, uint32_t payload_length);

// Append one verdict on every packet that waits in the queue with an id up to and including `last_id`: also on packets
// of earlier batches that the caller has not answered yet. The changes are made to all of them. Return as above.
int cnfq_verdict_append_batch(
    struct cnfq_verdicts *_Nonnull verdicts, uint16_t queue, uint32_t last_id, uint32_t verdict,
    struct cnfq_change change);

// Sends what the buffer holds and empties it: one send(2). Where the kernel has no memory for that many bytes at once,
// they go message by message. Returns 0, or -errno: what could not be sent is then still in the buffer, so that the
// next call sends it; no verdict is lost in silence. A verdict that the kernel refuses shows up in `cnfq_receive`.
int cnfq_verdicts_send(int fd, struct cnfq_verdicts *_Nonnull verdicts);

// MARK: - The kernel's account of a queue (account.c)

// One line of /proc/net/netfilter/nfnetlink_queue.
struct cnfq_account {
    uint32_t port;            // netlink port id of the socket that holds the queue
    uint32_t waiting;         // packets without a verdict yet
    uint32_t copy_mode;       // CNFQ_COPY_*
    uint32_t copy_range;      // bytes
    uint32_t queue_dropped;   // packets dropped because the queue was full
    uint32_t socket_dropped;  // packets dropped because the socket's buffer was full
    uint32_t last_id;         // id of the last packet queued
    uint16_t queue;           // queue number
};

// Opens the accounts of the calling thread's network namespace. The file can then be read from any thread in any
// namespace, and keeps its own namespace alive until close(2). Returns a descriptor or -errno.
int cnfq_accounts_open(void);

// Reads the account of one queue afresh. Returns 0, -ENOENT if nobody holds the queue, or -errno.
int cnfq_account_read(int accounts, uint16_t queue, struct cnfq_account *_Nonnull account);

// Who holds a queue in the calling thread's network namespace: the two above in one.
int cnfq_queue_owner(uint16_t queue, struct cnfq_account *_Nonnull account);
