// SPDX-License-Identifier: Apache-2.0

package import Hooks
import Synchronization

/// What callbacks and modules have said, one line each.
package final class HeardLines: Sendable {
    private let lines = Mutex<[String]>([])

    package init() {}

    package func add(_ line: String) {
        lines.withLock { $0.append(line) }
    }

    /// The lines since the last call.
    package func take() -> [String] {
        lines.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }

    /// A callback that says its name and what it is told.
    package func callback(_ name: String) -> NotifyCallback {
        NotifyCallback { self.add("\(name) \($0)") }
    }
}
