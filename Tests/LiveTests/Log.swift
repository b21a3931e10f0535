// SPDX-License-Identifier: Apache-2.0

import Glibc
import LiveHost
import Synchronization

/// What hooks noted, in order.
final class Log<Entry: Sendable>: Sendable {
    private let noted = Mutex<[Entry]>([])

    func note(_ entry: Entry) {
        noted.withLock { $0.append(entry) }
    }

    /// A copy, element by element: ThreadSanitizer doesn't see the reference counts that let arrays share memory, and
    /// takes what `note` writes for a race with whoever had a share before.
    var entries: [Entry] { noted.withLock { $0.map(\.self) } }
}

/// A number that hooks raise.
final class Count: Sendable {
    private let value = Atomic<Int>(0)

    /// Raises it and returns what it is then.
    @discardableResult
    func raise() -> Int { value.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue }

    var current: Int { value.load(ordering: .sequentiallyConsistent) }
}

/// Keeps hooks waiting until it is opened, ten seconds at most, so that a test that fails comes to an end.
final class Barrier: Sendable {
    private let opened = Atomic(false)
    private let waiting = Atomic(0)
    private let most = Atomic(0)

    /// Called by a hook.
    func pass() {
        pass(whenThereAre: Int.max)
    }

    /// Called by a hook: opens itself when so many hooks wait at once.
    func pass(whenThereAre enough: Int) {
        let here = waiting.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
        most.max(here, ordering: .sequentiallyConsistent)
        if here >= enough { open() }
        let deadline = Deadline(.seconds(10))
        while !isOpen, !deadline.isOver { usleep(100) }
        waiting.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    }

    /// Hooks that wait here now.
    var arrivals: Int { waiting.load(ordering: .sequentiallyConsistent) }

    /// The most hooks that were here at one time.
    var mostAtOnce: Int { most.load(ordering: .sequentiallyConsistent) }

    private var isOpen: Bool { opened.load(ordering: .sequentiallyConsistent) }

    func open() { opened.store(true, ordering: .sequentiallyConsistent) }
}
