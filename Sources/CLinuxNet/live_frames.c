// SPDX-License-Identifier: Apache-2.0
//
// Live frames: the memory that is shared with the program, the program, and running it.

#include "include/live_frames.h"

#include "bpf.h"

#include <errno.h>
#include <linux/bpf_common.h>
#include <linux/if_ether.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// What process and program share: the single value of an array map.
struct slot {
    uint32_t length;
    uint8_t bytes[CLNX_LIVE_STRIDE - sizeof(uint32_t)];
};
struct memory {
    uint32_t next;      // slot of the frame that comes next
    uint32_t given;     // bytes that each frame has when the program gets it
    uint32_t received;  // frames that were let go on
    uint32_t unused[13];
    struct slot slots[CLNX_LIVE_SLOTS];
};

_Static_assert((CLNX_LIVE_SLOTS & (CLNX_LIVE_SLOTS - 1)) == 0, "a slot's number is bounded by a mask");
_Static_assert(sizeof(struct slot) % 64 == 0 && offsetof(struct memory, slots) % 64 == 0, "whole cache lines");
_Static_assert(CLNX_LIVE_FRAME <= sizeof((struct slot *)0)->bytes, "a frame fits into its slot");
_Static_assert(CLNX_LIVE_HEADER == ETH_HLEN, "header");
_Static_assert(offsetof(struct memory, slots) + offsetof(struct slot, bytes) < INT16_MAX, "offsets in instructions");

// MARK: - The program

#define INSTRUCTION(operation, to, from, distance, value) \
    ((struct bpf_insn){.code = (operation), .dst_reg = (to), .src_reg = (from), .off = (distance), .imm = (value)})
#define SET(to, value) INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value)
#define COPY(to, from) INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0)
#define COMPUTE(operation, to, value) INSTRUCTION(BPF_ALU64 | (operation) | BPF_K, to, 0, 0, value)
#define COMPUTE_WITH(operation, to, from) INSTRUCTION(BPF_ALU64 | (operation) | BPF_X, to, from, 0, 0)
#define LOAD(to, from, distance) INSTRUCTION(BPF_LDX | BPF_MEM | BPF_W, to, from, distance, 0)
#define STORE(to, distance, from) INSTRUCTION(BPF_STX | BPF_MEM | BPF_W, to, from, distance, 0)
#define CALL(function) INSTRUCTION(BPF_JMP | BPF_CALL, 0, 0, 0, function)
#define EXIT INSTRUCTION(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
// Jumps over so many instructions.
#define IF(comparison, to, value, distance) INSTRUCTION(BPF_JMP | (comparison) | BPF_K, to, 0, distance, value)

#define OF_MEMORY(field) ((int16_t)offsetof(struct memory, field))
#define OF_SLOT(field) ((int16_t)(offsetof(struct memory, slots) + offsetof(struct slot, field)))

static int load_program(int map) {
    enum { CONTEXT = 6, MEMORY = 7, SLOT = 8, LENGTH = 9 };
    struct bpf_insn instructions[] = {
        COPY(CONTEXT, 1),
        INSTRUCTION(BPF_LD | BPF_DW | BPF_IMM, MEMORY, BPF_PSEUDO_MAP_VALUE, 0, map),
        INSTRUCTION(0, 0, 0, 0, 0),
        LOAD(1, MEMORY, OF_MEMORY(next)),
        COPY(2, 1),
        COMPUTE(BPF_ADD, 2, 1),
        STORE(MEMORY, OF_MEMORY(next), 2),
        COMPUTE(BPF_AND, 1, CLNX_LIVE_SLOTS - 1),
        COMPUTE(BPF_MUL, 1, sizeof(struct slot)),
        COPY(SLOT, MEMORY),
        COMPUTE_WITH(BPF_ADD, SLOT, 1),
        LOAD(LENGTH, SLOT, OF_SLOT(length)),
        IF(BPF_JLT, LENGTH, CLNX_LIVE_HEADER, 19),
        IF(BPF_JGT, LENGTH, CLNX_LIVE_FRAME, 18),
        // The frame gets its length, which is never more than it was given,
        COPY(2, LENGTH),
        LOAD(1, MEMORY, OF_MEMORY(given)),
        COMPUTE_WITH(BPF_SUB, 2, 1),
        COPY(1, CONTEXT),
        CALL(BPF_FUNC_xdp_adjust_tail),
        IF(BPF_JNE, 0, 0, 12),
        // then its bytes.
        COPY(1, CONTEXT),
        SET(2, 0),
        COPY(3, SLOT),
        COMPUTE(BPF_ADD, 3, OF_SLOT(bytes)),
        COPY(4, LENGTH),
        CALL(BPF_FUNC_xdp_store_bytes),
        IF(BPF_JNE, 0, 0, 5),
        LOAD(1, MEMORY, OF_MEMORY(received)),
        COMPUTE(BPF_ADD, 1, 1),
        STORE(MEMORY, OF_MEMORY(received), 1),
        SET(0, XDP_PASS),
        EXIT,
        SET(0, XDP_DROP),
        EXIT,
    };
    static const char license[] = "Apache-2.0";
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = BPF_PROG_TYPE_XDP;
    attributes.insns = (uintptr_t)instructions;
    attributes.insn_cnt = sizeof instructions / sizeof *instructions;
    attributes.license = (uintptr_t)license;
    memcpy(attributes.prog_name, "neti_receive", sizeof "neti_receive");
    return clnx_bpf(BPF_PROG_LOAD, &attributes);
}

// MARK: - Open and close

static size_t mapped_size(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (sizeof(struct memory) + page - 1) / page * page;
}

static int make_map(void) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = sizeof(uint32_t);
    attributes.value_size = sizeof(struct memory);
    attributes.max_entries = 1;
    attributes.map_flags = BPF_F_MMAPABLE;
    memcpy(attributes.map_name, "neti_frames", sizeof "neti_frames");
    return clnx_bpf(BPF_MAP_CREATE, &attributes);
}

static int prepare(struct clnx_live *live) {
    live->map = make_map();
    if (live->map < 0) { return live->map; }
    void *memory = mmap(NULL, mapped_size(), PROT_READ | PROT_WRITE, MAP_SHARED, live->map, 0);
    if (memory == MAP_FAILED) { return -errno; }
    live->memory = memory;
    live->frames = ((struct memory *)memory)->slots[0].bytes;
    live->program = load_program(live->map);
    return live->program < 0 ? live->program : 0;
}

int clnx_live_open(struct clnx_live *live) {
    *live = (struct clnx_live){.map = -1, .program = -1, .link = -1, .namespace_file = -1};
    int result = prepare(live);
    if (result != 0) { clnx_live_close(live); }
    return result;
}

static void close_one(int32_t *descriptor) {
    if (*descriptor >= 0) { close(*descriptor); }
    *descriptor = -1;
}

void clnx_live_close(struct clnx_live *live) {
    if (live->memory != NULL) { munmap(live->memory, mapped_size()); }
    live->memory = NULL;
    live->frames = NULL;
    // The link first: it would keep the program, and the namespace's end would wait for it.
    close_one(&live->link);
    close_one(&live->namespace_file);
    close_one(&live->program);
    close_one(&live->map);
}

// MARK: - Run

static int run(const struct clnx_live *live, uint32_t interface, uint32_t count, uint32_t given) {
    struct memory *memory = live->memory;
    memory->next = 0;
    memory->received = 0;
    memory->given = given;
    struct xdp_md context = {.data_end = given, .ingress_ifindex = interface};
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.test.prog_fd = (uint32_t)live->program;
    attributes.test.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
    attributes.test.repeat = count;
    attributes.test.batch_size = count;
    attributes.test.ctx_in = (uintptr_t)&context;
    attributes.test.ctx_size_in = sizeof context;
    // What frames are given is overwritten: any bytes will do.
    attributes.test.data_in = (uintptr_t)memory->slots[0].bytes;
    attributes.test.data_size_in = given;
    int result = clnx_bpf(BPF_PROG_TEST_RUN, &attributes);
    return result < 0 ? result : (int)memory->received;
}

int clnx_live_run(
    const struct clnx_live *live, uint32_t interface, const uint16_t *lengths, uint32_t count) {
    if (count == 0 || count > CLNX_LIVE_SLOTS) { return -EINVAL; }
    // To the kernel 0 is `lo`.
    if (interface == 0) { return -ENODEV; }
    struct memory *memory = live->memory;
    uint32_t longest = CLNX_LIVE_HEADER;
    for (uint32_t i = 0; i < count; i++) {
        memory->slots[i].length = lengths[i];
        if (lengths[i] > longest && lengths[i] <= CLNX_LIVE_FRAME) { longest = lengths[i]; }
    }
    return run(live, interface, count, longest);
}

int clnx_live_probe(void) {
    struct clnx_live live;
    int result = clnx_live_open(&live);
    if (result != 0) { return result; }
    // A frame of no length is dropped by the program; one of full size must have room.
    ((struct memory *)live.memory)->slots[0].length = 0;
    result = run(&live, 0, 1, CLNX_LIVE_FRAME);
    clnx_live_close(&live);
    return result;
}
