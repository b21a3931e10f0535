// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How long the service manager waits for a sign of life before it takes the daemon for dead (sd_watchdog_enabled(3)).
struct WatchdogTime: Equatable {
    let duration: Duration

    /// What the manager asks of this process; nil when it asks nothing.
    static var asked: WatchdogTime? {
        WatchdogTime(microseconds: environment("WATCHDOG_USEC"), process: environment("WATCHDOG_PID"))
    }

    /// - Parameters:
    ///   - microseconds: `WATCHDOG_USEC`.
    ///   - process: `WATCHDOG_PID`; nil means whoever reads it.
    init?(microseconds: String?, process: String?) {
        guard let microseconds = microseconds.flatMap({ UInt32($0) }), microseconds > 0,
            process == nil || process == "\(getpid())"
        else { return nil }
        duration = .microseconds(Int64(microseconds))
    }
}
