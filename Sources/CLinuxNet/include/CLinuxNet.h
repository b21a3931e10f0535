// SPDX-License-Identifier: Apache-2.0
//
// What Glibc's Swift import lacks: epoll and eventfd, network namespaces, thread attributes, options of malloc(3), rtnetlink,
// taps for ARP. Timers, nftables and what puts packets back have headers of their own, which this one brings along.
//
// Rules that hold for every function here
//   Failure    A negative errno is returned; `errno` itself says nothing afterwards.
//   Memory     The caller owns all of it, with one exception: an nftables transaction, made and freed here.
//   Bytes      Numbers are in host byte order.
//   Descriptors  are non-blocking where that applies, closed on exec, and the caller's to close(2).
//   Threads    Any function from any thread, one object from one thread at a time, unless it says otherwise. A socket
//              belongs for good to the network namespace of the thread that opened it.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "live_frames.h"
#include "nft.h"
#include "nullability.h"
#include "packet_socket.h"
#include "raw_socket.h"
#include "timer.h"

// MARK: - Waiting: epoll(7), eventfd(2) (epoll.c)

// Bits of `events` (EPOLL*). CLNX_ERROR and CLNX_HANGUP are reported unasked.
enum {
    CLNX_READABLE = 0x001,
    CLNX_PRIORITY = 0x002,
    CLNX_WRITABLE = 0x004,
    CLNX_ERROR = 0x008,
    CLNX_HANGUP = 0x010,
};

struct clnx_ready {
    uint64_t token;   // as given to `clnx_epoll_add`
    uint32_t events;  // CLNX_READABLE ...
};

// Returns a descriptor or -errno: -ENOSYS or -EPERM where `clnx_epoll_wait` wouldn't work.
int clnx_epoll_create(void);

// Watches `fd`, level triggered, which shows up as `token`. A descriptor that is closed everywhere is removed by itself.
// Return 0 or -errno.
int clnx_epoll_add(int epoll, int fd, uint32_t events, uint64_t token);
int clnx_epoll_remove(int epoll, int fd);

// The most that one `clnx_epoll_wait` reports; the rest is reported by the next.
enum { CLNX_MAX_READY = 64 };

// Waits until something is ready, at most `timeout` nanoseconds plus the thread's timer slack; -1 waits for ever, 0 not
// at all. Returns how many entries of `ready` were filled: 0 at the end of the time and after a signal; or -errno.
// epoll_pwait2(2), Linux 5.11.
int clnx_epoll_wait(int epoll, struct clnx_ready *_Nonnull ready, uint32_t capacity, int64_t timeout);

// A counter to wake a thread that waits. Signalling is safe from any thread and from a signal handler.
int clnx_event_create(void);
int clnx_event_signal(int event);

// Takes the counter back to 0. Returns 1 if it had been signalled, 0 if not, or -errno.
int clnx_event_drain(int event);

// MARK: - Network namespaces: namespaces(7), setns(2) (namespace.c)

// What tells one network namespace from another as long as it lives: compare both.
struct clnx_namespace_id {
    uint64_t device;
    uint64_t inode;
};

// Opens a network namespace by the path of its file (/run/netns/NAME). `ip netns add` makes an empty file first and
// mounts the namespace over it a moment later: -EAGAIN says that the file is not a namespace (yet). -EINVAL: a
// namespace of another kind. An open descriptor keeps the namespace alive.
int clnx_namespace_open(const char *_Nonnull path);

// Opens the namespace that the calling thread is in.
int clnx_namespace_current(void);

int clnx_namespace_identify(int fd, struct clnx_namespace_id *_Nonnull id);

// Moves the calling thread, and no other, into a network namespace. Needs CAP_SYS_ADMIN.
int clnx_namespace_enter(int fd);

// Makes a network namespace and names it by a new file, as `ip netns add` does; the calling thread is where it was
// before when this returns, unless it returns -EXDEV: then it could not go back. -EEXIST: the file is there already.
int clnx_namespace_create(const char *_Nonnull path);

// Takes a name away, as `ip netns delete` does. The namespace goes as soon as nobody uses it any more.
int clnx_namespace_delete(const char *_Nonnull path);

// MARK: - Threads (thread.c)

// Names the calling thread; what is longer than 15 bytes is cut. prctl(2), PR_SET_NAME.
int clnx_thread_name(const char *_Nonnull name);

// By how many nanoseconds the kernel may lengthen the calling thread's naps to join wake-ups; the default is 50,000.
// prctl(2), PR_SET_TIMERSLACK; 0 brings back the default, 1 is the least.
int clnx_thread_timer_slack(uint64_t nanoseconds);

// Binds a thread of this process, 0 for the calling one, to one processor. sched_setaffinity(2).
int clnx_thread_processor(int32_t thread, uint32_t processor);

// Sleeps for so many nanoseconds, plus the timer slack; a signal ends the nap early. clock_nanosleep(2).
void clnx_nap(uint64_t nanoseconds);

// MARK: - Packets that pass netfilter (passing_packets.c)

// Opens what `clnx_passing_wait` waits by: a packet socket, packet(7), that takes part in nothing. Any namespace will do.
// -EPERM without CAP_NET_RAW, -EAFNOSUPPORT where the kernel has no packet sockets.
int clnx_passing_open(void);

// Waits, some 10 ms, until the kernel has done with every packet that was passing through a netfilter hook when this was
// called, those aside that wait in queues. Rules, chains and queues are data that RCU guards, and a packet is in one and
// the same reader from the first chain of a hook until it is in a queue or through. Taking away a ring that isn't there,
// PACKET_RX_RING, ends when every such reader has left: `packet_set_ring` in net/packet/af_packet.c calls
// `synchronize_net`, whether or not the socket was in use and however many processors there are. For many threads at a
// time, one of which waits after the other.
int clnx_passing_wait(int fd);

// The same without that socket, as far as there is such a thing: membarrier(2), MEMBARRIER_CMD_GLOBAL. It waits for readers
// only where there are several processors: on a single one it returns at once, though a reader that was preempted may be
// there still. -EINVAL on a kernel with full tickless processors.
int clnx_passing_wait_unopened(void);

// MARK: - Memory: mallopt(3) (heap.c)

// Has all threads that are yet to come allocate from the heap of the first one, instead of one of their own each. To be
// called before there are others. Returns 0, or -ENOTSUP where malloc(3) can't be told so.
int clnx_heap_share(void);

// MARK: - Random bytes: getrandom(2) (random.c)

// Fills memory with bytes that nobody can guess. Waits, early after boot, until the kernel has gathered enough.
void clnx_random(void *_Nonnull bytes, size_t length);

// The block function of ChaCha by Bernstein (RFC 8439, section 2.3): words that nobody can tell from random ones who doesn't
// know the key. `last` is the last row, counter and nonce, another one for each block; `rounds` is 20 in the RFC, and even.
void clnx_random_block(
    const uint32_t key[_Nonnull 8], const uint32_t last[_Nonnull 4], uint32_t rounds, uint32_t block[_Nonnull 16]);

// MARK: - rtnetlink(7): sockets (route.c)

// What to be told of, bits of `groups` (RTMGRP_*).
enum {
    CLNX_GROUP_LINK = 0x1,
    CLNX_GROUP_NEIGHBOUR = 0x4,
    CLNX_GROUP_IPV4_ADDRESS = 0x10,
    CLNX_GROUP_IPV4_ROUTE = 0x40,
    CLNX_GROUP_IPV6_ADDRESS = 0x100,
    CLNX_GROUP_IPV6_ROUTE = 0x400,
};

// Opens a socket in the calling thread's network namespace that hears of every later change in `groups`, from the
// kernel alone. Subscribe first, then dump, and nothing is missed.
int clnx_route_open(uint32_t groups);

// Asks for all objects of a kind: CLNX_ROUTE_LINK, CLNX_ROUTE_ADDRESS or CLNX_ROUTE_ROUTE, the latter two of both
// families. The answers end with CLNX_ROUTE_DONE. One dump at a time: -EBUSY until it has been read. `sequence`, not 0,
// comes back in every answer.
int clnx_route_dump(int fd, uint32_t kind, uint32_t sequence);

// The least memory that holds whatever the kernel sends at once.
enum { CLNX_ROUTE_BUFFER = 32768 };

// Receives one datagram of messages into `buffer`, 4-byte aligned. Returns its length, 0 if none waits, -ENOBUFS if
// messages were lost (dump again), -EMSGSIZE if the buffer was too small, or -errno.
int64_t clnx_route_receive(int fd, void *_Nonnull buffer, size_t capacity);

// MARK: - rtnetlink(7): messages (route_message.c)

enum {
    CLNX_ROUTE_OTHER = 0,  // of no interest here
    CLNX_ROUTE_LINK = 1,   // `link` is filled
    CLNX_ROUTE_DONE = 2,   // end of a dump; `error` is not 0 if it failed
    CLNX_ROUTE_ERROR = 3,  // a request was refused: `error`, `sequence`
    CLNX_ROUTE_MALFORMED = 4,
    CLNX_ROUTE_ADDRESS = 5,  // `address` is filled
    CLNX_ROUTE_ROUTE = 6,    // `route` is filled
    CLNX_ROUTE_NEIGHBOUR = 7,  // `neighbour` is filled
};

// An IP address as numbers in host order; IPv4 has its 32 bits lowest in `low`.
struct clnx_ip {
    uint64_t high;
    uint64_t low;
    uint8_t family;  // AF_INET 2, AF_INET6 10; 0 for none
};

// An interface.
struct clnx_link {
    uint32_t index;
    uint32_t flags;           // IFF_UP 0x1, IFF_LOOPBACK 0x8, IFF_RUNNING 0x40, ...: netdevice(7)
    uint32_t mtu;             // bytes
    uint32_t master;          // index of the bridge or the like that it belongs to; 0 for none
    uint64_t address;         // link-layer address, first byte in the highest place
    uint16_t address_length;  // bytes of address; longer ones than 8 are left out: 0
    uint16_t type;            // ARPHRD_ETHER 1, ARPHRD_LOOPBACK 772, ARPHRD_NONE 65534, ...
    char name[16];            // ends with a NUL
    char kind[16];            // "veth", "bridge", ...: ip-link(8); empty for hardware and loopback; ends with a NUL
};

// An address of an interface.
struct clnx_address {
    uint32_t interface;        // index
    uint32_t flags;            // IFA_F_TENTATIVE 0x40, IFA_F_SECONDARY 0x1, ...: linux/if_addr.h
    struct clnx_ip local;      // always there
    struct clnx_ip peer;       // the other end of a point-to-point link; equals `local` if there is none
    struct clnx_ip broadcast;  // family 0 if there is none
    uint8_t prefix;            // length of the network's prefix, that of `peer`
    uint8_t scope;             // RT_SCOPE_UNIVERSE 0, RT_SCOPE_LINK 253, RT_SCOPE_HOST 254
    char label[16];            // IPv4 only; ends with a NUL
};

// Where a route leads.
struct clnx_next_hop {
    struct clnx_ip gateway;  // of either family; family 0 if destinations are on the link
    uint32_t interface;      // index; 0 for none
    uint8_t flags;           // RTNH_F_DEAD 0x1, RTNH_F_LINKDOWN 0x10, ...: linux/rtnetlink.h
};

// Next hops of one route that are decoded; further ones are left out.
enum { CLNX_MAX_HOPS = 8 };

// A route.
struct clnx_route {
    struct clnx_ip destination;  // network address; 0 with `prefix` 0 for the default route
    uint32_t table;              // RT_TABLE_LOCAL 255, RT_TABLE_MAIN 254, RT_TABLE_DEFAULT 253, ...
    uint32_t metric;             // the least is preferred
    uint32_t hop_count;          // entries of `hops` that are filled, 1 for most routes
    uint8_t family;              // AF_INET, AF_INET6
    uint8_t prefix;              // length of the destination's prefix
    uint8_t source_prefix;       // 0 unless it is for packets of some senders only
    uint8_t tos;                 // 0 unless it is for packets of one type of service only
    uint8_t type;                // RTN_UNICAST 1, RTN_LOCAL 2, RTN_BLACKHOLE 6, ...: linux/rtnetlink.h
    bool cloned;                 // the kernel made it for one destination: RTM_F_CLONED
    struct clnx_next_hop hops[CLNX_MAX_HOPS];
};

// How sure the kernel is of a neighbour's address, bits of `state` (NUD_*).
enum {
    CLNX_NEIGHBOUR_INCOMPLETE = 0x01,  // being asked for, no address yet
    CLNX_NEIGHBOUR_REACHABLE = 0x02,
    CLNX_NEIGHBOUR_STALE = 0x04,       // to be confirmed when it is used next
    CLNX_NEIGHBOUR_DELAY = 0x08,       // about to be confirmed
    CLNX_NEIGHBOUR_PROBE = 0x10,       // being confirmed
    CLNX_NEIGHBOUR_FAILED = 0x20,      // nobody answered
    CLNX_NEIGHBOUR_NOARP = 0x40,
    CLNX_NEIGHBOUR_PERMANENT = 0x80,
};

// What the kernel knows of an address on a link.
struct clnx_neighbour {
    struct clnx_ip destination;  // always there
    uint64_t address;            // link-layer address, first byte in the highest place
    uint32_t interface;          // index
    uint16_t address_length;     // bytes of address; longer ones than 8 are left out: 0
    uint16_t state;              // CLNX_NEIGHBOUR_INCOMPLETE ...
};

// Asks what the kernel knows of an address on an interface's link: a message of its own, or the refusal -ENOENT, with
// `sequence`. Linux 5.0.
int clnx_neighbour_get(int fd, uint32_t interface, const struct clnx_ip *_Nonnull address, uint32_t sequence);

// Has the kernel do what it does when it sends a packet there itself: ask for the link-layer address, or confirm one
// that is stale. The group of neighbours is told what comes of it; `sequence` comes back with a refusal: -ENODEV and
// others. Not for a permanent neighbour, which would be permanent no more. Needs CAP_NET_ADMIN.
int clnx_neighbour_use(int fd, uint32_t interface, const struct clnx_ip *_Nonnull address, uint32_t sequence);

struct clnx_route_message {
    uint32_t kind;      // CLNX_ROUTE_*
    uint32_t sequence;  // as in the request that this answers
    int32_t error;      // 0 or negative errno
    bool interrupted;   // the dump was disturbed by a change and is inconsistent: dump again
    bool deleted;       // it is gone; else it is new, or has changed
    bool dumped;        // part of the answer to a dump, not the news of a change
    struct clnx_link link;
    struct clnx_address address;
    struct clnx_route route;
    struct clnx_neighbour neighbour;
};

// Decodes the message at `offset` of a datagram, whatever the bytes: reads nothing outside them. Returns the offset of
// the next message, always greater than `offset`; at or past `length` there is nothing left.
size_t clnx_route_decode(
    const void *_Nonnull bytes, size_t length, size_t offset, struct clnx_route_message *_Nonnull message);

// MARK: - Address resolution: packet(7) (arp_tap.c)

// Opens a tap in the calling thread's network namespace: a copy of every ARP packet that any of its interfaces receives
// for this host, or with `outgoing` of every one that it sends. Taking what is sent costs every packet that leaves the
// namespace a moment, for the kernel shows all of them to the filter. Returns a descriptor or -errno: -EAFNOSUPPORT where
// the kernel has no packet sockets.
int clnx_arp_open(bool outgoing);

enum {
    CLNX_ARP_BATCH = 32,  // the most that one call takes
    CLNX_ARP_ROOM = 256,  // bytes of each packet, more than the longest link-layer addresses make it
};

struct clnx_arp_packet {
    uint8_t *_Nonnull bytes;  // from the ARP header on, padding of the link layer included
    uint32_t captured;        // bytes there are of it
    uint32_t length;          // bytes that it has
    uint32_t interface;       // index of the interface
    uint64_t source;          // of a received packet the sender's link-layer address, first byte in the highest place
    uint8_t source_length;    // bytes of it; longer ones than 8 are left out: 0
};

// Takes what waits, at most `capacity` packets, by one system call that does not block. `room`, which the packets point
// into, has CLNX_ARP_ROOM bytes for each. Returns their number, 0 if none waits, or -errno.
int clnx_arp_receive(
    int fd, void *_Nonnull room, struct clnx_arp_packet *_Nonnull packets, uint32_t capacity);
