// SPDX-License-Identifier: Apache-2.0
//
// A ring by which one thread hands packets to another: what a program needs that injects from another thread than the one
// that makes the system calls, as `net_inject` asks for, at its simplest. One writer, one reader, no waiting, no allocation.

#pragma once

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

enum { RING_PLACES = 1024, RING_BYTES = 2048, RING_AHEAD = 8, CACHE_LINE = 64 };

struct ring_place {
    uint32_t length;
    uint8_t bytes[RING_BYTES - sizeof(uint32_t)];
} __attribute__((aligned(CACHE_LINE)));

// Each thread's own in lines of the cache of their own.
struct ring {
    _Atomic uint32_t written __attribute__((aligned(CACHE_LINE)));
    _Atomic uint32_t taken __attribute__((aligned(CACHE_LINE)));
    // Whole lines, but no power of two: packets would get into each other's way in the cache.
    struct { struct ring_place place; uint8_t unused[CACHE_LINE]; } places[RING_PLACES] __attribute__((aligned(CACHE_LINE)));
};

static inline struct ring_place *ring_place(struct ring *ring, uint32_t number) {
    return &ring->places[number % RING_PLACES].place;
}

// The writer: false when the ring is full.
static inline int ring_put(struct ring *ring, const void *bytes, uint32_t length) {
    uint32_t number = atomic_load_explicit(&ring->written, memory_order_relaxed);
    if (number - atomic_load_explicit(&ring->taken, memory_order_acquire) == RING_PLACES) { return 0; }
    struct ring_place *place = ring_place(ring, number);
    place->length = length;
    memcpy(place->bytes, bytes, length);
    atomic_store_explicit(&ring->written, number + 1, memory_order_release);
    return 1;
}

// The reader: how many packets there are from number `taken` on.
static inline uint32_t ring_waiting(struct ring *ring, uint32_t taken) {
    return atomic_load_explicit(&ring->written, memory_order_acquire) - taken;
}

// The reader: has the processor fetch a packet that is read soon, of two lines at first.
static inline void ring_fetch(struct ring *ring, uint32_t number) {
    const uint8_t *start = (const uint8_t *)ring_place(ring, number);
    __builtin_prefetch(start);
    __builtin_prefetch(start + CACHE_LINE);
}
