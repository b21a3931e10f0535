// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How many bytes of replies wait for clients to read them, all clients together.
final class ReplyMemory: Sendable {
    let limit: Int
    private let taken = Mutex(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// Counts a reply, if there is room for it.
    func take(_ bytes: Int) -> Bool {
        taken.withLock { taken in
            guard bytes <= limit - taken else { return false }
            taken += bytes
            return true
        }
    }

    func giveBack(_ bytes: Int) {
        taken.withLock { $0 -= bytes }
    }
}
