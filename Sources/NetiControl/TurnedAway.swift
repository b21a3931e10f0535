// SPDX-License-Identifier: Apache-2.0

import Logging
import Synchronization

/// Tells the log of clients that found no place or lost theirs: the first one at once, then how many, now and then.
final class TurnedAway: Sendable {
    private struct State {
        var count = 0
        var nextTime = ContinuousClock.now
    }

    /// How long the log is left in peace.
    private static let interval = Duration.seconds(10)

    private let state = Mutex(State())

    /// Counts one.
    func count(_ peer: PeerCredentials, logger: Logger) {
        let count = state.withLock { state -> Int? in
            state.count += 1
            let now = ContinuousClock.now
            guard now >= state.nextTime else { return nil }
            state.nextTime = now + Self.interval
            defer { state.count = 0 }
            return state.count
        }
        guard let count else { return }
        logger.warning(
            "too many control clients", metadata: ["count": "\(count)", "uid": "\(peer.uid)", "pid": "\(peer.pid)"])
    }
}
