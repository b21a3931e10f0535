// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

// How it works
//
// A thread that calls back into code of others holds a Turn meanwhile. That code may want the turn of another object,
// or wait for the readers; so threads can come to wait for each other in a circle, and then all of them for ever.
// Here stands who holds which turn and who waits for what, for all objects of the process. Before a thread goes to
// sleep, and whenever anything has changed, it follows the chain that begins at what it wants: holder, what the holder
// waits for, who holds that... If the chain ends at itself, it gives up with EDEADLK.
//
// A wait for readers ends when they leave what they are inside of. So a thread inside a reader stands in the way of
// everybody who waits for that reader.
//
// A thread that is past the point at which it could still refuse waits "surely": it never gives up, and the others in
// the circle, which are woken when it begins to wait, do. There always is another one; see HookEvent.swift.
//
// Everything here is the control side's: no thread that only carries packets comes by.

/// Who holds and who waits, so that nobody waits for itself.
final class WaitGraph: @unchecked Sendable {
    static let shared = WaitGraph()

    private enum Wait {
        case turn(Turn)
        case readers(Publication, epoch: UInt64)
    }

    // Guarded by the monitor, as is each turn's `holder`.
    private let monitor = Monitor()
    private var waits: [UInt: Wait] = [:]
    private var turnsHeld: [UInt: Int] = [:]

    private init() {}

    /// Whether the calling thread has a turn, that is, runs inside a callback.
    var isCallerInsideCallback: Bool {
        monitor.lock()
        defer { monitor.unlock() }
        return turnsHeld[UInt(pthread_self())] != nil
    }

    /// Gives the calling thread the turn as soon as nobody else has it.
    ///
    /// - Parameter surely: whether it waits whatever happens; only the thread that has the turn already is refused.
    /// - Throws: `EDEADLK` when it would wait for itself.
    func take(_ turn: Turn, surely: Bool) throws(HookError) {
        let caller = UInt(pthread_self())
        monitor.lock()
        defer { monitor.unlock() }
        while let holder = turn.holder {
            if holder == caller || (!surely && isInTheWay(caller, ofHolder: holder)) {
                waits[caller] = nil
                throw HookError(.deadlock, "called from inside a callback that it would wait for")
            }
            if waits[caller] == nil {
                waits[caller] = .turn(turn)
                monitor.wakeAll()
            }
            monitor.sleep()
        }
        waits[caller] = nil
        turn.holder = caller
        turnsHeld[caller, default: 0] += 1
    }

    /// Takes the turn from the thread that has it.
    func giveBack(_ turn: Turn) {
        monitor.lock()
        defer { monitor.unlock() }
        guard let holder = turn.holder.take(), let count = turnsHeld[holder] else { return }
        turnsHeld[holder] = count == 1 ? nil : count - 1
        monitor.wakeAll()
    }

    /// Notes that the calling thread waits until nobody is inside anything older than `epoch`.
    func beginWaiting(forReadersOf publication: Publication, epoch: UInt64) {
        monitor.lock()
        defer { monitor.unlock() }
        waits[UInt(pthread_self())] = .readers(publication, epoch: epoch)
        monitor.wakeAll()
    }

    /// Notes that the wait for readers is over.
    func endWaiting() {
        monitor.lock()
        defer { monitor.unlock() }
        waits[UInt(pthread_self())] = nil
    }

    /// Whether the chain that begins at a holder leads to the calling thread.
    private func isInTheWay(_ caller: UInt, ofHolder holder: UInt) -> Bool {
        var seen: Set<UInt> = []
        var thread = holder
        // A circle that the caller isn't part of is for those in it to open.
        while thread != caller, seen.insert(thread).inserted {
            switch waits[thread] {
            case nil:
                return false
            case .readers(let publication, let epoch):
                return publication.isCallerInside(before: epoch)
            case .turn(let turn):
                guard let next = turn.holder else { return false }
                thread = next
            }
        }
        return thread == caller
    }
}
