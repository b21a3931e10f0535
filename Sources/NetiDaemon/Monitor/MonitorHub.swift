// SPDX-License-Identifier: Apache-2.0

import NetiControl
import Synchronization

/// Where everything that is worth telling meets the clients that monitor.
///
/// Sources post from any thread but those that carry packets. While nobody asked for a kind of event, posting one is a
/// load and a branch: the event isn't even made. A client that reads slowly holds nobody up, see ``MonitorQueue``.
final class MonitorHub: Sendable {
    private struct Listener {
        let queue: MonitorQueue
        let kinds: Set<Monitor.Kind>
        let instance: String?

        func wants(_ kind: Monitor.Kind, _ event: Monitor.Event) -> Bool {
            kinds.contains(kind) && (instance == nil || instance == event.instance)
        }
    }

    /// Held while an event is handed out, so that all listeners get events in the same order.
    private let listeners = Mutex<[Listener]>([])
    /// One bit for each kind that somebody asked for.
    private let wanted = Atomic<UInt>(0)

    /// Whether somebody asked for this kind. May be out of date at once.
    func wants(_ kind: Monitor.Kind) -> Bool {
        wanted.load(ordering: .acquiring) & kind.bit != 0
    }

    /// Tells those who asked for it.
    ///
    /// - Parameter event: made only if somebody asked for this kind, on the caller's thread.
    func post(_ kind: Monitor.Kind, _ event: @autoclosure () -> Monitor.Event) {
        guard wants(kind) else { return }
        let event = event()
        listeners.withLock { listeners in
            for listener in listeners where listener.wants(kind, event) { listener.queue.post(event) }
        }
    }

    /// Posts to a queue from now on what was asked for.
    func attach(_ queue: MonitorQueue, for asked: Monitor) {
        let kinds = Set(asked.kinds ?? Monitor.Kind.allCases)
        change { $0.append(Listener(queue: queue, kinds: kinds, instance: asked.instance)) }
    }

    /// Posts nothing more to a queue.
    func detach(_ queue: MonitorQueue) {
        change { $0.removeAll { $0.queue === queue } }
    }

    private func change(_ body: (inout [Listener]) -> Void) {
        listeners.withLock { listeners in
            body(&listeners)
            let kinds = listeners.reduce(into: Set()) { $0.formUnion($1.kinds) }
            wanted.store(kinds.reduce(0) { $0 | $1.bit }, ordering: .releasing)
        }
    }
}

extension Monitor.Kind {
    fileprivate var bit: UInt {
        switch self {
        case .instance: 1
        case .notification: 2
        case .nic: 4
        case .kstat: 8
        }
    }
}
