// SPDX-License-Identifier: Apache-2.0

import CLinuxNet
import Glibc
import Neti
import SystemPackage

/// What a thread waits at for descriptors, and out of which it can be woken.
final class WakeableEpoll: Sendable {
    /// Shows up when somebody rang.
    static let doorbellToken: UInt64 = 0

    let descriptor: Int32
    let doorbell: Doorbell

    /// - Throws: `EMFILE`, `ENFILE`, and `ENOSYS` before Linux 5.11.
    init() throws(NetiError) {
        doorbell = try Doorbell()
        descriptor = clnx_epoll_create()
        guard descriptor >= 0 else {
            throw NetiError(Errno(rawValue: -descriptor), "can't make an epoll descriptor")
        }
        try add(doorbell.descriptor, token: Self.doorbellToken, describedAs: "an eventfd")
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Watches a descriptor, which shows up as `token`, never 0.
    ///
    /// - Throws: `ENOMEM`, `ENOSPC` (`fs.epoll.max_user_watches`): it would never be heard.
    func add(
        _ watched: Int32, for events: Int = CLNX_READABLE, token: UInt64, describedAs what: @autoclosure () -> String
    ) throws(NetiError) {
        let code = clnx_epoll_add(descriptor, watched, UInt32(events), token)
        guard code == 0 else { throw NetiError(Errno(rawValue: -code), "can't watch \(what())") }
    }

    func remove(_ watched: Int32) {
        _ = clnx_epoll_remove(descriptor, watched)
    }
}
