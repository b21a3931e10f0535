// SPDX-License-Identifier: Apache-2.0

public import Packet

/// What is logged about one packet.
public struct LogRecord: Hashable, Sendable {
    /// Why it was logged and what became of it.
    public enum Verdict: UInt8, Sendable {
        /// A rule passed it.
        case passed
        /// A rule blocked it.
        case blocked
        /// A rule matched whose action is `log`; others decide.
        case logged
    }

    /// A source and a destination port.
    public struct Ports: Hashable, Sendable {
        /// The sender's.
        public var source: UInt16
        /// The receiver's.
        public var destination: UInt16
    }

    /// Nanoseconds since 1970.
    public var time: UInt64

    /// Place of the rule in ``RuleSet/rules``.
    public var rule: Int

    /// What became of it.
    public var verdict: Verdict

    /// Which way it went.
    public var direction: Rule.Direction

    /// Index of the interface, 0 for none.
    public var interface: UInt32

    /// Sender.
    public var source: IPAddress

    /// Receiver.
    public var destination: IPAddress

    /// What the payload is.
    public var proto: IPProtocol

    /// IP header in bytes, without IPv6 extension headers.
    public var headerLength: Int

    /// Whole packet in bytes.
    public var totalLength: Int

    /// Which piece of a larger packet it is.
    public var fragment: Fragment

    /// Whether it is too short for its transport header.
    public var isShort: Bool

    /// Ports of TCP and UDP, if they are there.
    public var ports: Ports?

    /// TCP flags, if they are there.
    public var flags: TCPFlags?

    /// ICMP type and code, if they are there.
    public var icmp: ICMPTest?

    /// The first bytes behind the transport header, at most 128, for a rule with `log body`.
    public var body: [UInt8]
}
