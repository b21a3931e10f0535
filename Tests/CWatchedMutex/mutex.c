// SPDX-License-Identifier: Apache-2.0

// Swift's Mutex for ThreadSanitizer. Its fast path is inlined into our instrumented code; what a thread does that finds
// the lock taken, or others waiting, is in libswiftSynchronization and the kernel (futex(2), FUTEX_LOCK_PI), which are
// not instrumented. ThreadSanitizer so misses that the lock changed hands, and takes every contended Mutex for a race.
// Here it is told: who leaves releases, who gets in acquires, on the lock's own address, as the fast path does. This
// orders no more than the lock orders, so races of what it doesn't protect are still found.
//
// The linker's --wrap sends calls of the library's two functions here (Package.swift). Their names are part of the
// library's ABI. `withLockIfAvailable` has a third, which nothing that runs under ThreadSanitizer calls.

#include <stdint.h>

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *mutex

// Of <sanitizer/tsan_interface.h>.
void __tsan_acquire(void *address);
void __tsan_release(void *address);

SWIFT void library_lock(uint32_t thread, SELF) __asm__("__real_" LOCK);
SWIFT void library_unlock(SELF) __asm__("__real_" UNLOCK);
SWIFT void watched_lock(uint32_t thread, SELF) __asm__("__wrap_" LOCK);
SWIFT void watched_unlock(SELF) __asm__("__wrap_" UNLOCK);

SWIFT void watched_lock(uint32_t thread, SELF) {
    library_lock(thread, mutex);
    __tsan_acquire(mutex);
}

SWIFT void watched_unlock(SELF) {
    __tsan_release(mutex);
    library_unlock(mutex);
}
