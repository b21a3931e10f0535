// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// By what one sees from outside whether a thread gets on with its packets.
final class ThreadProgress: Sendable {
    /// Batches of a pump whose hooks have all returned. A thread that answers soon at any time has none.
    let batches = QueueStatistics.Counter()

    /// Whether the thread has answered what it was asked last.
    private let isAnswered = Atomic(true)
    private let seen = Atomic<UInt64>(0)

    /// Notes the thread's answer.
    func answer() {
        isAnswered.store(true, ordering: .releasing)
    }

    /// Whether the thread has finished a batch or answered since this was called last; calls `ask` if it owes no answer.
    ///
    /// A quiet thread answers at once. A busy pump may owe its answer for many batches, and slow hooks don't make it dead.
    func hasTurned(ask: () -> Void) -> Bool {
        let batches = batches.current
        let hasMoved = seen.exchange(batches, ordering: .relaxed) != batches
        guard isAnswered.exchange(false, ordering: .acquiringAndReleasing) else { return hasMoved }
        ask()
        return true
    }
}
