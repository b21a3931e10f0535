// SPDX-License-Identifier: Apache-2.0
//
// Packets that an interface shall take for received: XDP live frames, the kernel's own way of testing XDP programs
// (Documentation/bpf/bpf_prog_run.rst), Linux 5.18. A program of ours fills each frame from a slot of memory that it
// shares with this process, so that one system call carries different packets. Nothing is attached to the interface.
//
// Rules beside those of CLinuxNet.h
//   Rights     CAP_BPF and CAP_NET_ADMIN to open, to run and to probe; CAP_SYS_ADMIN as well to warm up.
//   Ownership  `struct clnx_live` is the caller's; `clnx_live_close` gives back what is in it, once.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "nullability.h"

enum {
    CLNX_LIVE_SLOTS = 64,   // the most frames of one call
    CLNX_LIVE_HEADER = 14,  // bytes of the Ethernet header that every frame begins with, whatever the interface
    // The longest frame, header included. The kernel puts a frame into one page of 4,096 bytes, behind 256 bytes of
    // headroom and up to 152 of its own (112 since 6.0), before up to 768 for a list of fragments (320 as it is usually
    // built). What is left is 3,408 usually, and never less than this.
    CLNX_LIVE_FRAME = 2920,
    // From one slot to the next: whole cache lines, but no power of two, or frames would get into each other's way there.
    CLNX_LIVE_STRIDE = 2944,
};

struct clnx_live {
    void *_Nullable memory;     // the slots, shared with the program
    uint8_t *_Nullable frames;  // where the frame of the first slot is written
    int32_t map;                // descriptors; -1 for none
    int32_t program;
    int32_t link;
    int32_t namespace_file;
};

// Says whether live frames can be used: 0 or -errno. Makes no traffic: loads the program and lets it drop one frame as
// if `lo` of the calling thread's namespace had received it. -EINVAL: the kernel is older than 5.18; -EPERM: rights are
// missing; -ENOSYS: it was built without bpf(2).
int clnx_live_probe(void);

// Loads the program. Returns 0 or -errno, as `clnx_live_probe`; then there is nothing to close. One thread at a time
// may use what is opened.
int clnx_live_open(struct clnx_live *_Nonnull live);
void clnx_live_close(struct clnx_live *_Nonnull live);

// Makes calls for more than one frame cheap. The kernel enters a program that runs repeatedly into its table of XDP
// programs and takes it out afterwards, and waits for all processors at both (8 to 30 ms). What is attached to a device
// stays in there: so a pair of veth devices is made, down, in a namespace that nobody else sees and that goes with
// `clnx_live_close`. The calling thread is where it was before when this returns, unless it returns -EXDEV: then it could
// not go back. On any other error everything works as before, only slower. Returns 0 at once when it is done already.
int clnx_live_warm(struct clnx_live *_Nonnull live);

// Where the frame of a slot is written, CLNX_LIVE_FRAME bytes. `slot` counts on from CLNX_LIVE_SLOTS as from 0.
static inline uint8_t *_Nonnull clnx_live_slot(const struct clnx_live *_Nonnull live, uint32_t slot) {
    return live->frames + (size_t)(slot & (CLNX_LIVE_SLOTS - 1)) * CLNX_LIVE_STRIDE;
}

// Lets an interface receive the frames of the first `count` slots, in order, by one system call. The calling thread is
// in the interface's namespace. `lengths` has the bytes of each, CLNX_LIVE_HEADER to CLNX_LIVE_FRAME; one of another
// length is left out. Whether the interface is up isn't looked at.
//
// Returns how many were received, which says nothing about what became of them; or -errno: -ENODEV when there is no such
// interface, -ENOMEM, -EINVAL for no frame or too many. After an error none was, or for want of memory some.
int clnx_live_run(
    const struct clnx_live *_Nonnull live, uint32_t interface, const uint16_t *_Nonnull lengths, uint32_t count);
