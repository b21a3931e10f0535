// SPDX-License-Identifier: Apache-2.0

import Glibc
import Neti
import SystemPackage

/// Makes the kernel note when each packet arrives, as long as it lives.
///
/// The kernel takes the time of arrival only while some socket of the machine wants it (`net_enable_timestamp` in
/// net/core/dev.c), so one is held that wants it and is used for nothing else. It starts milliseconds later.
final class TimestampRequest: Sendable {
    private let socket: Int32

    /// - Throws: `EMFILE` and the like.
    init() throws(NetiError) {
        socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw NetiError(Errno(rawValue: errno), "can't ask for time stamps") }
        var on: Int32 = 1
        let length = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe setsockopt(socket, SOL_SOCKET, SO_TIMESTAMP, &on, length) == 0 else {
            let error = Errno(rawValue: errno)
            close(socket)
            throw NetiError(error, "can't ask for time stamps")
        }
    }

    deinit {
        close(socket)
    }
}
