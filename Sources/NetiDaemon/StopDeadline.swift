// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import Logging
import Neti
import NetiLinux
import Synchronization

/// Ends the process when stopping doesn't go on, which it never does where a hook never returns.
///
/// Taking a hook off waits for the threads that are inside it, so that what it uses may be freed; a process that ends
/// needs none of that. The kernel does what is left to do: with `on-exit = "open"` it removes the steering rules, with
/// `"closed"` packets stop in any case.
final class StopDeadline: Sendable {
    /// Seconds without an instance that went, or came or changed, for a change of configuration may be under way. One takes
    /// some 40 ms, for the kernel waits for all processors, so that many instances take longer than this together; systemd
    /// kills after 90 (`TimeoutStopSec`).
    private static let patience = 10

    private let engine: Engine
    private let logger: Logger
    private let isOver = Atomic(false)

    init(engine: Engine, logger: Logger) {
        self.engine = engine
        self.logger = logger
    }

    /// Begins to count, and lets nothing begin any more that stopping would have to wait for. A thread of its own counts,
    /// for the threads of Swift's pool may all be waiting for the hook.
    func begin() {
        engine.beginStopping()
        let start = try? KernelThread(named: "neti-stop") { [self] in
            guard standsStill() else { return }
            for place in engine.occupiedHooks {
                logger.error(
                    "hook '\(place.hook)' has not returned from a packet of \(place.family) \(place.event)",
                    metadata: [
                        "hook": "\(place.hook)", "instance": "\(place.instance.name)",
                        "netid": "\(place.instance.netid)",
                    ])
            }
            logger.critical("stopping has not gone on for \(Self.patience) seconds; ending without the rest of it")
            _exit(EXIT_FAILURE)
        }
        if start == nil { logger.warning("can't start a thread that would bound the time for stopping") }
    }

    /// Waits until nothing has gone on for too long; false when everything has stopped.
    private func standsStill() -> Bool {
        var (steps, seconds) = (engine.steps.load(ordering: .relaxed), 0)
        while seconds < Self.patience {
            sleep(1)
            if isOver.load(ordering: .acquiring) { return false }
            seconds += 1
            let now = engine.steps.load(ordering: .relaxed)
            if now != steps { (steps, seconds) = (now, 0) }
        }
        return true
    }

    /// Everything has stopped in time.
    func end() {
        isOver.store(true, ordering: .releasing)
    }
}

extension Engine {
    /// A hook that a thread is inside.
    struct OccupiedHook {
        let instance: Instance
        let family: NetworkFamily
        let event: NetworkEvent
        let hook: String
    }

    /// The hooks that threads are inside now: certain only for those that stay there.
    var occupiedHooks: [OccupiedHook] {
        let readers = provider.netinfo.publication.readers
        return present.flatMap { instance in
            instance.points.flatMap { family, event, point in
                (0..<readers).compactMap { point.hookInside(reader: $0) }
                    .map { OccupiedHook(instance: instance, family: family, event: event, hook: $0) }
            }
        }
    }
}
