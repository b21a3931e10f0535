// SPDX-License-Identifier: Apache-2.0

/// Injects packets into an instance, in their order (`net_inject`). Needs credentials.
public struct Inject: ControlMethod, Equatable {
    /// The name without the interface.
    public static let name = "Inject"
    /// What the fields are called on the wire.
    public static let parameterNames = ["instance", "style", "interface", "nextHop", "packets"]
    /// It needs credentials and is logged.
    public static let isChange = true
    /// Many packets are many calls.
    public static let isOneOfMany = true

    /// The instance's name.
    public var instance: String
    /// Which way they go.
    public var style: Style
    /// The name of the interface that receives for ``Style/queueIn`` and sends for ``Style/directOut``, there nil for the
    /// one that the routes say. ``Style/queueOut`` heeds it only for IPv6 link-local and multicast destinations.
    public var interface: String?
    /// Whom ``Style/directOut`` hands them to, an address; nil for each packet's destination.
    public var nextHop: String?
    /// IPv4 and IPv6 packets, each from its IP header on.
    public var packets: [HexadecimalBytes]

    /// Asks.
    public init(
        instance: String, style: Style, interface: String? = nil, nextHop: String? = nil, packets: [HexadecimalBytes]
    ) {
        self.instance = instance
        self.style = style
        self.interface = interface
        self.nextHop = nextHop
        self.packets = packets
    }

    /// Everything but the packets.
    public var logged: some Encodable {
        WithoutPackets(instance: instance, style: style, interface: interface, nextHop: nextHop)
    }

    private struct WithoutPackets: Encodable {
        let instance: String
        let style: Style
        let interface: String?
        let nextHop: String?
    }

    /// What became of the packets: ``accepted`` and the counts of ``refusals`` are as many as there were.
    public struct Reply: Codable, Equatable, Sendable {
        /// Packets that were sent, or wait for their turn.
        public var accepted: Int
        /// What was refused, each reason once. Those that found the list full are always the last ones of the call.
        public var refusals: [Refusal]

        /// Fills in every field.
        public init(accepted: Int, refusals: [Refusal]) {
            self.accepted = accepted
            self.refusals = refusals
        }
    }

    /// The styles of `net_inject`.
    public enum Style: String, Codable, CaseIterable, Sendable {
        /// `NI_QUEUE_IN`: later, as if received on an interface.
        case queueIn
        /// `NI_QUEUE_OUT`: later, as if sent by this host.
        case queueOut
        /// `NI_DIRECT_OUT`: at once and past the hooks.
        case directOut
    }

    /// Packets that were refused for the same reason.
    public struct Refusal: Codable, Equatable, Sendable {
        /// Why.
        public var reason: Reason
        /// What `net_inject` returns: -1 where the packet may be tried again, 1 where it is gone.
        public var returnValue: Int
        /// How many packets.
        public var count: Int

        /// Fills in every field.
        public init(reason: Reason, returnValue: Int, count: Int) {
            self.reason = reason
            self.returnValue = returnValue
            self.count = count
        }
    }

    /// Why a packet was refused.
    public enum Reason: String, Codable, CaseIterable, Sendable {
        /// The instance is ending.
        case deadInstance
        /// The protocol has no injection.
        case unsupported
        /// The system lacks what the style needs; ``GetStatus`` says what.
        case unavailable
        /// Too many packets wait already.
        case listFull
        /// The instance has no such interface.
        case unknownInterface
        /// The interface is down.
        case interfaceDown
        /// It is no IP packet, or its header doesn't fit it.
        case badHeader
        /// It is longer than the interface takes, or than any packet.
        case tooLong
        /// It was injected too often already.
        case tooOften
        /// There is no route to its destination, or the next hop doesn't answer.
        case unreachable
        /// The system refused it for another reason.
        case sendFailed
        /// It may only be looked at.
        case readOnly
    }
}
