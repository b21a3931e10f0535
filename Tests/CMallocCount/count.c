// SPDX-License-Identifier: Apache-2.0

#include "CMallocCount.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static _Atomic(const char *) watched;
static _Atomic uint64_t counted;

void malloc_count_start(const char *prefix) {
    atomic_store(&counted, 0);
    atomic_store(&watched, prefix);
}

uint64_t malloc_count(void) {
    return atomic_load(&counted);
}

static void note(void) {
    const char *prefix = atomic_load(&watched);
    if (!prefix) return;
    char name[16] = {0};
    if (prctl(PR_GET_NAME, name) == 0 && strncmp(name, prefix, strlen(prefix)) == 0) atomic_fetch_add(&counted, 1);
}

void *malloc(size_t size) {
    note();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    note();
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    note();
    return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    note();
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : 12;  // ENOMEM
}
