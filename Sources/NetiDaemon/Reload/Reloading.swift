// SPDX-License-Identifier: Apache-2.0

import Logging
import ServiceLifecycle
import UnixSignals

/// Reloads when the process gets SIGHUP, and goes back when a confirmation is overdue.
struct Reloading: Service {
    let reloader: Reloader
    let hangups: UnixSignalsSequence
    let logger: Logger

    private static let interval = Duration.milliseconds(100)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await _ in hangups { reload() }
                }
                group.addTask {
                    while (try? await Task.sleep(for: Self.interval)) != nil { reloader.goBackIfDue() }
                }
            }
        }
    }

    private func reload() {
        do throws(Reloader.Refusal) {
            _ = try reloader.reload()
        } catch {
            logger.error("not reloaded, everything stays as it was: \(error)")
        }
    }
}
