// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Lets one thread sleep until another has done something once: a POSIX semaphore, see sem_overview(7).
///
/// Unlike an eventfd it can't fail for want of descriptors, so that taking things down always works.
@safe
final class Gate: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        unsafe semaphore = .allocate(capacity: 1)
        unsafe semaphore.initialize(to: sem_t())
        unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    /// Wakes the thread that waits, now or later.
    func open() {
        unsafe sem_post(semaphore)
    }

    /// Sleeps until the gate is opened.
    func wait() {
        while unsafe sem_wait(semaphore) == -1 && errno == EINTR {}
    }
}
