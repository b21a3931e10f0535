// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Neti
import SystemPackage

/// An eventfd that wakes a thread out of `epoll_wait`, or lets one thread wait for another.
final class Doorbell: Sendable {
    /// For epoll; readable once somebody rang.
    let descriptor: Int32

    /// - Throws: `EMFILE`, `ENFILE`.
    init() throws(NetiError) {
        descriptor = clnx_event_create()
        guard descriptor >= 0 else { throw NetiError(Errno(rawValue: -descriptor), "can't make an eventfd") }
    }

    deinit {
        close(descriptor)
    }

    /// Makes the descriptor readable; never blocks.
    func ring() {
        _ = clnx_event_signal(descriptor)
    }

    /// Sleeps until somebody rings, then forgets the ringing.
    func wait() {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while !silence() {
            unsafe poll(&request, 1, -1)
        }
    }

    /// Forgets the ringing; whether there was any.
    @discardableResult
    func silence() -> Bool {
        clnx_event_drain(descriptor) == 1
    }
}
