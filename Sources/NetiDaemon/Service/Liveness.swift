// SPDX-License-Identifier: Apache-2.0

import Logging
import NetiLinux
import ServiceLifecycle
import SystemPackage

/// Looks whether packets still move, and gives the service manager a sign of life only while they do.
///
/// A hook that doesn't return keeps its pump thread, and with it all packets of its queues; an injection that doesn't
/// return keeps all packets that are held. Then no sign is given, and the manager ends the daemon and starts another
/// (`WatchdogSec=` of systemd.service(5)).
struct Liveness: Service {
    let engine: Engine
    let notifier: ServiceNotifier?
    let logger: Logger
    var watchdog = WatchdogTime.asked

    /// Signs of life in the time that the manager waits for one: one may come late.
    private static let signs = 4
    /// How often the pumps are asked when no manager waits.
    private static let usualInterval = Duration.milliseconds(2500)
    private static let statusInterval = Duration.seconds(5)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            let interval = watchdog.map { $0.duration / Self.signs } ?? Self.usualInterval
            var status = StatusLine()
            var nextStatus = ContinuousClock.now
            var told: Set<String> = []
            repeat {
                let still = Set(engine.provider.threadsStandingStill())
                if still.isEmpty, watchdog != nil { tell(.watchdog) }
                for thread in still.subtracting(told).sorted() {
                    let cause = thread.hasPrefix("neti-pump") ? ": a hook is stuck" : ""
                    logger.critical("thread \(thread) has not come back from its packets in \(interval)\(cause)")
                }
                for thread in told.subtracting(still).sorted() {
                    logger.notice("thread \(thread) turns again")
                }
                told = still
                if notifier != nil, nextStatus <= .now {
                    nextStatus = .now + Self.statusInterval
                    tell(.status(status.text(StatusLine.Figures(engine))))
                }
            } while (try? await Task.sleep(for: interval)) != nil
        }
    }

    /// A manager that can't be told is no reason to do anything else: it will find out.
    private func tell(_ state: ServiceNotifier.State) {
        do throws(Errno) {
            try notifier?.notify(state)
        } catch {
            logger.debug("can't notify the service manager: \(error)")
        }
    }
}
