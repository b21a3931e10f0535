// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// One client for as long as its connection lasts: who it is, and what the log has told of it.
package final class Caller: Sendable {
    /// Who the kernel says it is.
    let credentials: PeerCredentials
    private let lastLogged = Mutex<String?>(nil)

    package init(_ credentials: PeerCredentials) {
        self.credentials = credentials
    }

    /// Whether this is something else than it was asked for the last time.
    func isNew(_ text: String) -> Bool {
        lastLogged.withLock { last in
            defer { last = text }
            return last != text
        }
    }
}
