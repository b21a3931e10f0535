// SPDX-License-Identifier: Apache-2.0
//
// Random bytes of the kernel, and the block function by which they become more.

#include "CLinuxNet.h"

#include <string.h>
#include <sys/random.h>
#include <sys/types.h>

void clnx_random(void *bytes, size_t length) {
    for (size_t filled = 0; filled < length;) {
        // Nothing but a signal makes it fail: the memory is there, and Linux has it since 3.17.
        ssize_t more = getrandom((char *)bytes + filled, length - filled, 0);
        if (more > 0) { filled += (size_t)more; }
    }
}

// A row of the block: what is done to it is done to its four words.
typedef uint32_t row __attribute__((vector_size(16)));

#define ROTATED(row, bits) ((row) << (bits) | (row) >> (32 - (bits)))
// Moves each word so many places to the left.
#define TURNED(row, places) \
    __builtin_shufflevector(row, row, (places) % 4, ((places) + 1) % 4, ((places) + 2) % 4, ((places) + 3) % 4)

static void mix(row rows[4]) {
    rows[0] += rows[1];
    rows[3] = ROTATED(rows[3] ^ rows[0], 16);
    rows[2] += rows[3];
    rows[1] = ROTATED(rows[1] ^ rows[2], 12);
    rows[0] += rows[1];
    rows[3] = ROTATED(rows[3] ^ rows[0], 8);
    rows[2] += rows[3];
    rows[1] = ROTATED(rows[1] ^ rows[2], 7);
}

void clnx_random_block(const uint32_t key[8], const uint32_t last[4], uint32_t rounds, uint32_t block[16]) {
    row start[4] = {{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}}, rows[4];
    memcpy(&start[1], key, 8 * sizeof *key);
    memcpy(&start[3], last, 4 * sizeof *last);
    memcpy(rows, start, sizeof rows);
    for (uint32_t i = 0; i < rounds / 2; i++) {
        // The four columns at once, then the four diagonals, turned so that they are columns.
        mix(rows);
        rows[1] = TURNED(rows[1], 1);
        rows[2] = TURNED(rows[2], 2);
        rows[3] = TURNED(rows[3], 3);
        mix(rows);
        rows[1] = TURNED(rows[1], 3);
        rows[2] = TURNED(rows[2], 2);
        rows[3] = TURNED(rows[3], 1);
    }
    for (int i = 0; i < 4; i++) { rows[i] += start[i]; }
    memcpy(block, rows, sizeof rows);
}
