// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How many clients do something at the same time.
package final class ClientCount: Sendable {
    let limit: Int
    private let count = Mutex(0)

    package init(limit: Int) {
        self.limit = limit
    }

    /// Counts one more, if there is room.
    package func enter() -> Bool {
        count.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
    }

    package func leave() {
        count.withLock { $0 -= 1 }
    }
}
