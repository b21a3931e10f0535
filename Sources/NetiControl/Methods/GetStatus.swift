// SPDX-License-Identifier: Apache-2.0

/// Asks for the daemon as a whole.
public struct GetStatus: ControlMethod, Equatable {
    /// The name without the interface.
    public static let name = "GetStatus"
    /// It has no parameters.
    public static let parameterNames: [String] = []

    /// Asks.
    public init() {}

    /// The answer.
    public struct Reply: Codable, Equatable, Sendable {
        /// The daemon as a whole.
        public var status: Status

        /// Wraps the answer.
        public init(status: Status) {
            self.status = status
        }
    }

    /// The daemon as a whole.
    public struct Status: Codable, Equatable, Sendable {
        /// The daemon's version.
        public var version: String
        /// Its process id.
        public var pid: Int
        /// When it started, in seconds since 1970-01-01 00:00 UTC.
        public var startTime: Int
        /// Seconds since then by a clock that nobody sets.
        public var uptime: Int
        /// Path of the configuration file; nil if it runs without one.
        public var configuration: String?
        /// Threads that turn queues.
        public var pumps: Int
        /// How many instances there are.
        public var instances: Int
        /// How many hooks are registered in all instances.
        public var hooks: Int
        /// How many were taken off their events because they failed or took too long.
        public var takenOff: Int
        /// How packets are sent to queues; nil until the first steering rule is in place.
        public var queueMechanism: QueueMechanism?
        /// What became of the packets of all instances.
        public var packets: PacketTotals
        /// What can be injected, and what became of what was to be.
        public var injection: InjectionStatus
        /// What was changed over the interface and is not in the configuration file.
        public var unsaved: [Reload.Change]

        /// Fills in every field.
        public init(
            version: String, pid: Int, startTime: Int, uptime: Int, configuration: String?, pumps: Int, instances: Int,
            hooks: Int, takenOff: Int = 0, queueMechanism: QueueMechanism?, packets: PacketTotals,
            injection: InjectionStatus,
            unsaved: [Reload.Change] = []
        ) {
            self.version = version
            self.pid = pid
            self.startTime = startTime
            self.uptime = uptime
            self.configuration = configuration
            self.pumps = pumps
            self.instances = instances
            self.hooks = hooks
            self.takenOff = takenOff
            self.queueMechanism = queueMechanism
            self.packets = packets
            self.injection = injection
            self.unsaved = unsaved
        }
    }

    /// How the steering rules send packets to a queue.
    public enum QueueMechanism: String, Codable, CaseIterable, Sendable {
        /// nftables' own `queue` expression.
        case native
        /// The `NFQUEUE` target of xtables, where the kernel lacks the expression.
        case compat
    }

    /// What became of packets since the daemon started.
    public struct PacketTotals: Codable, Equatable, Sendable {
        /// Packets that the kernel handed to the daemon.
        public var received: Int
        /// Packets that the hooks let go on.
        public var passed: Int
        /// Packets that a hook dropped.
        public var dropped: Int

        /// Fills in every field.
        public init(received: Int, passed: Int, dropped: Int) {
            self.received = received
            self.passed = passed
            self.dropped = dropped
        }
    }
}
