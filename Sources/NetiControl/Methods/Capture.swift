// SPDX-License-Identifier: Apache-2.0

/// Asks for copies of packets whose verdict is known, several a reply, until the connection is closed. Needs credentials.
public struct Capture: ControlMethod, Equatable {
    /// The name without the interface.
    public static let name = "Capture"
    /// What the fields are called on the wire.
    public static let parameterNames = ["instance", "families", "events", "hook", "verdicts", "match", "snaplen"]
    /// It has many replies.
    public static let isStream = true

    /// Name of the only instance; nil for all.
    public var instance: String?
    /// `inet`, `inet6`; nil for both.
    public var families: [String]?
    /// Events in the manual's spelling; nil for all.
    public var events: [String]?
    /// Only packets that a hook of this name stopped.
    public var hook: String?
    /// What may have become of a packet; nil for anything.
    public var verdicts: [Verdict]?
    /// A condition in the words of rules: `proto udp from any to any port = 53`.
    public var match: String?
    /// Bytes of each packet that are wanted, 1 to 65,535; nil for all.
    public var snaplen: Int?

    /// Asks.
    public init(
        instance: String? = nil, families: [String]? = nil, events: [String]? = nil, hook: String? = nil,
        verdicts: [Verdict]? = nil, match: String? = nil, snaplen: Int? = nil
    ) {
        self.instance = instance
        self.families = families
        self.events = events
        self.hook = hook
        self.verdicts = verdicts
        self.match = match
        self.snaplen = snaplen
    }

    /// What became of a packet.
    public enum Verdict: String, Codable, CaseIterable, Sendable {
        /// It went on.
        case pass
        /// A hook dropped it.
        case drop
        /// A hook kept it, to inject it later or never.
        case consume
    }

    /// One of the answers. The first one comes at once, without packets: what happens from then on is captured.
    public struct Reply: Codable, Equatable, Sendable {
        /// Packets; those of one flow are in their order.
        public var packets: [Packet]
        /// Packets that are missing because they came faster than they were read, since the beginning.
        public var lost: Int

        /// Fills in every field.
        public init(packets: [Packet], lost: Int) {
            self.packets = packets
            self.lost = lost
        }
    }

    /// One packet as its hooks left it.
    public struct Packet: Codable, Equatable, Sendable {
        /// When it arrived, or was decided: seconds since 1970-01-01 00:00 UTC.
        public var seconds: Int
        /// And nanoseconds.
        public var nanoseconds: Int
        /// Number of its instance.
        public var netid: Int
        /// Name of its instance.
        public var instance: String
        /// `inet` or `inet6`.
        public var family: String
        /// The event in the manual's spelling.
        public var event: String
        /// Name of the interface on which it arrived; nil if it didn't.
        public var inInterface: String?
        /// Name of the interface through which it leaves; nil if it doesn't.
        public var outInterface: String?
        /// What became of it.
        public var verdict: Verdict
        /// The hook that stopped it; nil if none did.
        public var hook: String?
        /// Whether a hook changed it.
        public var edited: Bool
        /// The netfilter mark.
        public var mark: Int
        /// How often it had been injected.
        public var injections: Int
        /// Bytes of the whole packet.
        public var length: Int
        /// The first of them, from the IP header on.
        public var bytes: HexadecimalBytes

        /// Fills in every field.
        public init(
            seconds: Int, nanoseconds: Int, netid: Int, instance: String, family: String, event: String,
            inInterface: String?, outInterface: String?, verdict: Verdict, hook: String?, edited: Bool, mark: Int,
            injections: Int, length: Int, bytes: HexadecimalBytes
        ) {
            self.seconds = seconds
            self.nanoseconds = nanoseconds
            self.netid = netid
            self.instance = instance
            self.family = family
            self.event = event
            self.inInterface = inInterface
            self.outInterface = outInterface
            self.verdict = verdict
            self.hook = hook
            self.edited = edited
            self.mark = mark
            self.injections = injections
            self.length = length
            self.bytes = bytes
        }
    }
}
