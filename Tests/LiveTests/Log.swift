// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// What hooks noted, in order.
final class Log<Entry: Sendable>: Sendable {
    private let noted = Mutex<[Entry]>([])

    func note(_ entry: Entry) {
        noted.withLock { $0.append(entry) }
    }

    var entries: [Entry] { noted.withLock { $0 } }
}

/// A number that hooks raise.
final class Count: Sendable {
    private let value = Atomic<Int>(0)

    /// Raises it and returns what it is then.
    @discardableResult
    func raise() -> Int { value.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue }

    var current: Int { value.load(ordering: .sequentiallyConsistent) }
}

/// Keeps hooks waiting until it is opened.
final class Barrier: Sendable {
    private let opened = Atomic(false)
    private let waiting = Atomic(0)

    /// Called by a hook.
    func pass() {
        waiting.wrappingAdd(1, ordering: .sequentiallyConsistent)
        while !opened.load(ordering: .sequentiallyConsistent) { usleep(200) }
    }

    var arrivals: Int { waiting.load(ordering: .sequentiallyConsistent) }

    func open() { opened.store(true, ordering: .sequentiallyConsistent) }
}
