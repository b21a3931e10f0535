// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A lock with a condition: threads that hold it can sleep until another one has changed what it guards.
///
/// POSIX threads' own, since `Mutex` has nothing to wait on. What it guards is said by its owner.
@safe
final class Monitor: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>

    init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(mutex, nil)
        unsafe changed = .allocate(capacity: 1)
        unsafe changed.initialize(to: pthread_cond_t())
        unsafe pthread_cond_init(changed, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(changed)
        unsafe changed.deallocate()
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    func lock() {
        unsafe pthread_mutex_lock(mutex)
    }

    func unlock() {
        unsafe pthread_mutex_unlock(mutex)
    }

    /// Gives the lock up, sleeps until `wakeAll()` is called, and takes it again; may also wake for nothing.
    func sleep() {
        unsafe pthread_cond_wait(changed, mutex)
    }

    /// Wakes every thread that sleeps.
    func wakeAll() {
        unsafe pthread_cond_broadcast(changed)
    }
}
