// SPDX-License-Identifier: Apache-2.0

public import Packet

/// One packet and what the filter must know beside its bytes.
public struct FilterPacket: ~Escapable {
    /// The packet from its IP header on.
    public let bytes: RawSpan

    /// What its IP headers say; nil if they can't be read, and the packet is blocked.
    public let datagram: Datagram?

    /// Which way it goes.
    public let direction: Rule.Direction

    /// Index of the interface on which it arrives, or through which it leaves; 0 for none.
    public let interface: UInt32

    /// The pump thread, below ``RuleSet/lanes``. Two threads never use the same lane at once.
    public let lane: Int

    /// Nanoseconds since 1970; 0 lets the filter look when it needs the time.
    public let time: UInt64

    /// Describes a packet whose headers have been read.
    @_lifetime(copy bytes)
    public init(
        _ bytes: RawSpan, _ datagram: Datagram?, direction: Rule.Direction, interface: UInt32, lane: Int = 0,
        time: UInt64 = 0
    ) {
        self.bytes = bytes
        self.datagram = datagram
        self.direction = direction
        self.interface = interface
        self.lane = lane
        self.time = time
    }
}

/// Whether a packet goes on.
public enum FilterVerdict: Sendable, BitwiseCopyable {
    /// It does.
    case pass
    /// It is dropped.
    case block
}

/// What the filter says about a packet, and why.
public struct FilterDecision: Hashable, Sendable, BitwiseCopyable {
    /// Why a packet got its verdict.
    public enum Reason: Hashable, Sendable, BitwiseCopyable {
        /// A rule decided, by its place in ``RuleSet/rules``.
        case rule(Int)
        /// No rule decided: the default policy.
        case noMatch
        /// The IP headers can't be read.
        case badPacket
        /// The record of this rule, which says `or-block`, could not be written.
        case logFull(Int)
    }

    /// Whether the packet goes on.
    public let verdict: FilterVerdict

    /// Why.
    public let reason: Reason

    /// Joins verdict and reason.
    public init(verdict: FilterVerdict, reason: Reason) {
        self.verdict = verdict
        self.reason = reason
    }
}
