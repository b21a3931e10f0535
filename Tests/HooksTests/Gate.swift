// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A door that one thread opens and others wait at, or look whether it is open.
final class Gate: Sendable {
    private let state = Atomic<Bool>(false)

    var isOpen: Bool { state.load(ordering: .sequentiallyConsistent) }

    func open() {
        state.store(true, ordering: .sequentiallyConsistent)
    }

    func wait() {
        waitUntil { isOpen }
    }
}

/// A number that threads count up together.
final class Tally: Sendable {
    private let state = Atomic<Int>(0)

    var count: Int { state.load(ordering: .sequentiallyConsistent) }

    func add() {
        state.wrappingAdd(1, ordering: .relaxed)
    }
}

/// Looks again and again, letting others run in between. The time limit of the test ends what never comes true.
func waitUntil(_ condition: () -> Bool) {
    while !condition() {
        sched_yield()
    }
}

/// Whether `condition` stays false although other threads get every chance to make it true.
func staysFalse(_ condition: () -> Bool) -> Bool {
    for _ in 0..<2000 {
        if condition() { return false }
        sched_yield()
    }
    return true
}

/// Counts how many of its kind are alive.
final class Census: Sendable {
    private let living = Atomic<Int>(0)

    /// How many are alive.
    var count: Int { living.load(ordering: .sequentiallyConsistent) }

    /// Something a hook captures.
    func makeMember() -> Member { Member(of: self) }

    final class Member: Sendable {
        private let census: Census

        init(of census: Census) {
            self.census = census
            census.living.wrappingAdd(1, ordering: .sequentiallyConsistent)
        }

        deinit {
            census.living.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        }

        /// Does nothing; a closure that calls it captures the member.
        func touch() {}
    }
}
