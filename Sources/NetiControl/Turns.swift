// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Lets one piece of work happen after the other, in the order in which it was asked for.
///
/// A task that waits for its turn keeps no thread, unlike one that waits for a lock: however many there are, the threads
/// that answer clients have time for others.
package final class Turns: Sendable {
    private struct State {
        var isTaken = false
        /// The one that has waited longest is the first.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Does something that may take its time when everything before it is done. It must not ask for a turn itself.
    package func inTurn<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        await begin()
        defer { end() }
        return try body()
    }

    private func begin() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.isTaken else {
                    state.isTaken = true
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    /// Hands the turn on.
    private func end() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiting.isEmpty {
                state.isTaken = false
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
