// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging
import Neti
import NetiLinux
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Reloads when the process gets SIGHUP, and goes back when a confirmation is overdue.
///
/// A thread of its own does that, for it may have to wait for a hook, and a few tasks that wait would hold up all others.
struct Reloading: Service {
    let reloader: Reloader
    let hangups: UnixSignalsSequence
    let engine: Engine
    let logger: Logger

    private static let microseconds: UInt32 = 100_000

    func run() async throws {
        let asked = Asked()
        _ = try KernelThread(named: "neti-reload") { [self] in
            while !engine.isStopping, !asked.isOver.load(ordering: .relaxed) {
                usleep(Self.microseconds)
                if asked.isAsked.exchange(false, ordering: .acquiringAndReleasing) { reload() }
                reloader.goBackIfDue()
            }
        }
        await cancelWhenGracefulShutdown {
            for await _ in hangups { asked.isAsked.store(true, ordering: .releasing) }
        }
        asked.isOver.store(true, ordering: .relaxed)
    }

    private final class Asked: Sendable {
        let isAsked = Atomic(false)
        let isOver = Atomic(false)
    }

    private func reload() {
        do throws(Reloader.Refusal) {
            _ = try reloader.reload()
        } catch {
            logger.error("not reloaded, everything stays as it was: \(error)")
        }
    }
}
