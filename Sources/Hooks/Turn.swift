// SPDX-License-Identifier: Apache-2.0

/// Lets one thread at a time change an object and call back about it; the original's "busy" mark (R63, R111).
///
/// Callbacks run while their object's turn is held, and no lock besides. A callback that wants a turn which can't come
/// before it has returned is told `EDEADLK`, be it the same turn or one whose holder waits for this thread
/// (WaitGraph.swift).
package final class Turn: @unchecked Sendable {
    /// The thread that has the turn. Belongs to the wait graph.
    var holder: UInt?

    package init() {}

    /// Whether the calling thread has any object's turn, that is, runs inside a callback.
    package static var isCallerInsideCallback: Bool { WaitGraph.shared.isCallerInsideCallback }

    /// Waits for the turn and runs the body in it.
    ///
    /// - Throws: `EDEADLK` when the calling thread would wait for itself; then the body has not run.
    package func take<Result: ~Copyable>(_ body: () throws(HookError) -> Result) throws(HookError) -> Result {
        try begin()
        defer { end() }
        return try body()
    }

    /// The same for a caller that has no way back: others give up for it.
    ///
    /// - Throws: `EDEADLK` only to the thread that has this very turn.
    package func takeSurely<Result: ~Copyable>(_ body: () throws(HookError) -> Result) throws(HookError) -> Result {
        try WaitGraph.shared.take(self, surely: true)
        defer { end() }
        return try body()
    }

    /// Takes the turn until ``end()``.
    ///
    /// - Throws: `EDEADLK` when the calling thread would wait for itself.
    package func begin() throws(HookError) {
        try WaitGraph.shared.take(self, surely: false)
    }

    /// Gives the turn back; called by the thread that has it.
    package func end() {
        WaitGraph.shared.giveBack(self)
    }
}
