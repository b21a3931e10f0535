// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// By what one sees from outside whether a pump thread gets on with its packets.
final class PumpProgress: Sendable {
    /// Batches whose hooks have all returned.
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
    /// A quiet pump answers at once. A busy one may owe its answer for many batches, and slow hooks don't make it dead.
    func hasTurned(ask: () -> Void) -> Bool {
        let batches = batches.current
        let hasMoved = seen.exchange(batches, ordering: .relaxed) != batches
        guard isAnswered.exchange(false, ordering: .acquiringAndReleasing) else { return hasMoved }
        ask()
        return true
    }
}
