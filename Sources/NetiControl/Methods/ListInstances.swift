// SPDX-License-Identifier: Apache-2.0

/// Asks for all instances.
public struct ListInstances: ControlMethod, Equatable {
    /// The name without the interface.
    public static let name = "ListInstances"
    /// It has no parameters.
    public static let parameterNames: [String] = []

    /// Asks.
    public init() {}

    /// The answer.
    public struct Reply: Codable, Equatable, Sendable {
        /// All instances in the order of their netids.
        public var instances: [Instance]

        /// Wraps the answer.
        public init(instances: [Instance]) {
            self.instances = instances
        }
    }

    /// One IP instance: a network namespace with its queues and hooks.
    public struct Instance: Codable, Equatable, Sendable {
        /// Its number; 0 is the namespace in which the daemon runs.
        public var netid: Int
        /// Its name.
        public var name: String
        /// Path of the namespace; nil is the namespace in which the daemon runs.
        public var netns: String?
        /// Whether packets are served.
        public var state: State
        /// Why the state is ``State/failed``, else nil.
        public var reason: String?
        /// What happens to packets while no daemon runs.
        public var onExit: OnExit
        /// How hints place hooks.
        public var ordering: Ordering
        /// How many hooks are registered.
        public var hooks: Int
        /// Its queues by number.
        public var queues: [Queue]
        /// Packets, at least, that the kernel let pass unseen because a queue was full (`fail-open`).
        public var passedUnseen: Int
        /// Packets that wait to be injected, or for the hook that holds them.
        public var held: HeldPackets
        /// Paths of further names of its namespace that would have become instances; a namespace has only one.
        public var aliases: [String]
        /// Paths of other namespaces that would be the instance of this name; only one can be.
        public var shadowed: [String]
        /// Whether the configuration file says the same, of its hooks too.
        public var saved: Bool

        /// Fills in every field.
        public init(
            netid: Int, name: String, netns: String?, state: State, reason: String?, onExit: OnExit, ordering: Ordering,
            hooks: Int, queues: [Queue], passedUnseen: Int = 0, held: HeldPackets = HeldPackets(),
            aliases: [String] = [], shadowed: [String] = [], saved: Bool = true
        ) {
            self.netid = netid
            self.name = name
            self.netns = netns
            self.state = state
            self.reason = reason
            self.onExit = onExit
            self.ordering = ordering
            self.hooks = hooks
            self.queues = queues
            self.passedUnseen = passedUnseen
            self.held = held
            self.aliases = aliases
            self.shadowed = shadowed
            self.saved = saved
        }
    }

    /// Whether an instance serves packets.
    public enum State: String, Codable, CaseIterable, Sendable {
        /// Packets are served.
        case up
        /// Its namespace is not there yet.
        case waiting
        /// Its namespace was there and vanished.
        case gone
        /// It could not be set up; ``Instance/reason`` says why.
        case failed
    }

    /// What happens to packets while no daemon runs.
    public enum OnExit: String, Codable, CaseIterable, Sendable {
        /// They pass.
        case open
        /// They are dropped.
        case closed
    }

    /// How hints place hooks.
    public enum Ordering: String, Codable, CaseIterable, Sendable {
        /// As the manual pages promise.
        case documented
        /// As the original system does (R67 to R80).
        case illumos
    }

    /// Packets that wait in an instance.
    public struct HeldPackets: Codable, Equatable, Sendable {
        /// How many.
        public var packets: Int
        /// How long they are together.
        public var bytes: Int
        /// For how long the oldest one has waited, in milliseconds; nil if there is none.
        public var oldest: Int?

        /// Fills in every field; none wait unless told otherwise.
        public init(packets: Int = 0, bytes: Int = 0, oldest: Int? = nil) {
            self.packets = packets
            self.bytes = bytes
            self.oldest = oldest
        }
    }

    /// One netfilter queue and its counters since it was opened.
    public struct Queue: Codable, Equatable, Sendable {
        /// The queue's number in its namespace.
        public var number: Int
        /// Packets that the daemon read.
        public var received: Int
        /// Verdicts that let a packet go on.
        public var accepted: Int
        /// Verdicts that dropped a packet.
        public var dropped: Int
        /// Packets that the kernel dropped because the queue was full.
        public var queueFullDrops: Int
        /// Packets that the kernel dropped because the socket's buffer was full.
        public var socketFullDrops: Int
        /// How often reading reported lost packets (`ENOBUFS`).
        public var overruns: Int
        /// Packets that wait for a verdict now.
        public var waiting: Int
        /// Packets by the time that they took; buckets without any are left out.
        public var latency: [LatencyBucket]

        /// Fills in every field.
        public init(
            number: Int, received: Int, accepted: Int, dropped: Int, queueFullDrops: Int, socketFullDrops: Int,
            overruns: Int, waiting: Int, latency: [LatencyBucket]
        ) {
            self.number = number
            self.received = received
            self.accepted = accepted
            self.dropped = dropped
            self.queueFullDrops = queueFullDrops
            self.socketFullDrops = socketFullDrops
            self.overruns = overruns
            self.waiting = waiting
            self.latency = latency
        }
    }

    /// Packets that took about the same time from their batch's being read to its verdicts' being sent.
    public struct LatencyBucket: Codable, Equatable, Sendable {
        /// They took less than this, in nanoseconds; nil where there is no bound.
        public var below: Int?
        /// How many packets they are.
        public var count: Int

        /// Fills in every field.
        public init(below: Int?, count: Int) {
            self.below = below
            self.count = count
        }
    }
}
