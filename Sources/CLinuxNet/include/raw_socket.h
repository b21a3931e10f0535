// SPDX-License-Identifier: Apache-2.0
//
// Sending IP packets as they are: raw(7) sockets with the header included. The rules of CLinuxNet.h hold.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "nullability.h"

// Packets of one batch, and the pieces of memory in which one packet may lie.
enum {
    CLNX_RAW_BATCH = 64,
    CLNX_RAW_PARTS = 33,
};

// Opens a socket that sends and never receives: AF_INET or AF_INET6. It may send to broadcasts and from addresses that
// the host doesn't have, and never blocks. Its buffer takes some 600 short packets that wait for a verdict of a queue
// or for the card: less than a queue usually holds, so that packets rather wait here than get lost there.
// Returns a descriptor or -errno: -EPERM without CAP_NET_RAW.
int clnx_raw_open(uint8_t family);

// Sets the priority of every packet sent from now on; above 6 it needs CAP_NET_ADMIN. SO_PRIORITY, socket(7).
int clnx_raw_set_priority(int fd, uint32_t priority);

// The packets to be sent by one system call. Opaque: it lies at the front of the memory given to `clnx_raw_prepare`.
struct clnx_raw_batch;

// Bytes that it needs, and how they are prepared: 16-byte aligned, the caller's, not to be moved.
size_t clnx_raw_batch_size(void);
struct clnx_raw_batch *_Nonnull clnx_raw_prepare(void *_Nonnull memory);

// Adds a packet of the family that the socket has, or its first part, which holds the whole IP header (without options,
// extension headers). The bytes are read when the batch is sent.
//
// Where it goes is decided by routing, policy rules by mark and by source included. `interface` counts only where an
// address alone doesn't tell the network: for multicasts, IPv6 link-local addresses and 255.255.255.255; 0 for any.
// `mark` is the packet's firewall mark.
// Returns 0, -ENOBUFS if the batch is full, or -EINVAL if the part is too short.
int clnx_raw_add(
    struct clnx_raw_batch *_Nonnull batch, uint8_t family, uint32_t mark, uint32_t interface,
    const void *_Nonnull bytes, size_t length);

// Adds another part to the packet added last. Returns 0 or -EMSGSIZE: too many parts.
int clnx_raw_continue(struct clnx_raw_batch *_Nonnull batch, const void *_Nonnull bytes, size_t length);

// Empties the batch.
void clnx_raw_clear(struct clnx_raw_batch *_Nonnull batch);

// Sends the batch in its order and empties it. A packet that is refused doesn't stop those behind it: `outcomes`, room
// for as many as the batch has, gets 0 or -errno for each. Only behind -EMSGSIZE, longer than the MTU of where it goes,
// it ends, so that the caller can send fragments in the packet's place.
// Returns how many packets were decided on. Those behind them are the caller's to send again: at once if the last
// outcome is -EMSGSIZE, else once the socket is writable, for its buffer was full.
uint32_t clnx_raw_send(int fd, struct clnx_raw_batch *_Nonnull batch, int32_t *_Nonnull outcomes);

// Sends the only packet of a batch, which was refused with -EMSGSIZE, once more to learn what would fit, and empties
// the batch. IP_RECVERR, ip(7). IPv4 gets the interface's MTU, for what the path doesn't take the kernel fragments
// itself. IPv6 gets the path's, as far as it is known: there the sender is the only one to fragment. IPV6_MTU, ipv6(7).
// `mark` is the packet's, for the path.
// Returns the MTU, 0 if the packet was sent this time, or -errno: -EINVAL if the batch hasn't just one, -EAGAIN if the
// socket's buffer is full.
int clnx_raw_mtu(int fd, uint8_t family, uint32_t mark, struct clnx_raw_batch *_Nonnull batch);
