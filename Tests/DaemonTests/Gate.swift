// SPDX-License-Identifier: Apache-2.0

import Glibc
import Neti
import SystemPackage

/// A FIFO at which whoever wants to read waits until it is open.
final class Gate {
    let path: String
    private var writer: CInt = -1

    init() throws(NetiError) {
        path = "/tmp/neti-\(getpid())-gate"
        guard unsafe mkfifo(path, 0o600) == 0 else {
            throw NetiError(Errno(rawValue: errno), "can't make the FIFO \(path)")
        }
    }

    /// Lets go whoever waits, and doesn't hold up anybody from now on.
    func open() {
        // For both, or it would wait for a reader in its turn.
        if writer < 0 { writer = unsafe Glibc.open(path, O_RDWR | O_CLOEXEC) }
    }

    deinit {
        if writer >= 0 { close(writer) }
        unsafe unlink(path)
    }
}
