// SPDX-License-Identifier: Apache-2.0
//
// Asks the processor to fetch memory that is read or written soon, for which Swift has no word. Nothing waits for it, and
// an address that isn't mapped does no harm.

#ifndef CPREFETCH_H
#define CPREFETCH_H

static inline void cprefetch_read(const void *_Nonnull address) { __builtin_prefetch(address, 0); }

// The line is this processor's own afterwards: where another one has just written it, writing it here waits no second time.
static inline void cprefetch_write(const void *_Nonnull address) {
#if defined(__x86_64__)
    // The compiler uses this instruction only when told that the processor has it; those that haven't take it for none.
    __asm__("prefetchw %0" : : "m"(*(const char *)address));
#else
    __builtin_prefetch(address, 1);
#endif
}

#endif
