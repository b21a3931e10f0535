// SPDX-License-Identifier: Apache-2.0

public import Logging
import Synchronization

/// The level from which on messages are logged, for all loggers of the process at once and changeable while it runs.
public final class LogLevelSwitch: Sendable {
    private let level: Mutex<Logger.Level>

    /// Starts with a level.
    public init(_ level: Logger.Level) {
        self.level = Mutex(level)
    }

    /// The level of now.
    public var current: Logger.Level {
        level.withLock { $0 }
    }

    /// Changes the level for all loggers.
    public func set(_ newLevel: Logger.Level) {
        level.withLock { $0 = newLevel }
    }
}
