// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Synchronization

/// Between whatever happens, on any thread, and one client that wants to be told.
///
/// Holds at most ``capacity`` events. What comes when it is full is counted instead, until the client has taken all that
/// waited; the count then follows as an event of its own. So whoever posts never waits for a client, and a client that
/// stops reading costs a fixed amount of memory.
public final class MonitorQueue: Sendable {
    private struct State {
        var events = CircularBuffer<Monitor.Event>()
        var lost = 0
        var isFinished = false
        var reason: ControlError?
        var reader: CheckedContinuation<Void, Never>?
        var ending: (@Sendable () -> Void)?

        mutating func take(_ count: Int) -> Taken {
            if isFinished { return .finished }
            if events.isEmpty { return .nothing }
            var taken = Array(events.prefix(count))
            events.removeFirst(taken.count)
            if events.isEmpty, lost > 0 {
                taken.append(.lost(lost))
                lost = 0
            }
            return .events(taken)
        }
    }

    private enum Taken {
        case finished
        case nothing
        case events([Monitor.Event])
    }

    /// How many events may wait.
    public let capacity: Int

    private let state = Mutex(State())

    /// Makes an empty queue.
    public init(capacity: Int) {
        self.capacity = capacity
    }

    /// Adds an event, or counts it as lost. Does nothing after ``finish()``.
    ///
    /// From any thread but those that carry packets: it takes a lock for a moment and may allocate.
    public func post(_ event: Monitor.Event) {
        let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.isFinished { return nil }
            if state.lost > 0 || state.events.count >= capacity {
                state.lost += 1
            } else {
                state.events.append(event)
            }
            return state.reader.take()
        }
        reader?.resume()
    }

    /// Lets the reader go; what waits is forgotten.
    public func finish() {
        finish(because: nil)
    }

    /// The same, with something to tell the reader. Of several reasons the first one counts.
    func finish(because reason: ControlError?) {
        let (reader, ending) = state.withLock { state in
            if !state.isFinished { state.reason = reason }
            state.isFinished = true
            state.events.removeAll()
            return (state.reader.take(), state.ending.take())
        }
        ending?()
        reader?.resume()
    }

    /// Calls `body` once when it is finished, which may be at once. It may not wait.
    func whenFinished(_ body: @escaping @Sendable () -> Void) {
        let isFinished = state.withLock { state in
            if !state.isFinished { state.ending = body }
            return state.isFinished
        }
        if isFinished { body() }
    }

    /// Why it was finished, if the reader is to be told.
    var reason: ControlError? { state.withLock { $0.reason } }

    /// The events that wait, the oldest first, or else those of the next moment; nil after ``finish()``.
    ///
    /// For one reader at a time.
    package func next(atMost count: Int) async -> [Monitor.Event]? {
        while true {
            switch state.withLock({ $0.take(count) }) {
            case .finished: return nil
            case .events(let events): return events
            case .nothing: await wait()
            }
        }
    }

    private func wait() async {
        await withCheckedContinuation { continuation in
            let isDue = state.withLock { state in
                if state.isFinished || !state.events.isEmpty { return true }
                state.reader = continuation
                return false
            }
            if isDue { continuation.resume() }
        }
    }
}

/// What one client is told as long as it has a place among those that monitor.
package struct MonitorStream: Sendable {
    /// Between whatever happens and the client.
    package let queue: MonitorQueue
    let place: ClientPlaces.Place
}
