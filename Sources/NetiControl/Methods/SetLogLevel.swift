// SPDX-License-Identifier: Apache-2.0

/// Changes what the daemon logs from now until it ends. Needs credentials.
public struct SetLogLevel: ControlMethod, Equatable {
    /// The name without the interface.
    public static let name = "SetLogLevel"
    /// What ``level`` is called on the wire.
    public static let parameterNames = ["level"]
    /// It needs credentials and is logged.
    public static let isChange = true

    /// The least level that is logged.
    public var level: LogLevel

    /// Asks.
    public init(level: LogLevel) {
        self.level = level
    }

    /// Nothing comes back.
    public struct Reply: Codable, Equatable, Sendable {
        /// The only value.
        public init() {}
    }

    /// How much is logged, from most to least.
    public enum LogLevel: String, Codable, CaseIterable, Sendable {
        /// Each step.
        case trace
        /// What helps to find a mistake in the daemon.
        case debug
        /// What is worth knowing.
        case info
        /// What changes how the daemon works: start, stop, reload.
        case notice
        /// What should not be but does not stop anything.
        case warning
        /// What failed.
        case error
        /// What ends the daemon.
        case critical
    }
}
