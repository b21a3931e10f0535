// SPDX-License-Identifier: Apache-2.0

public import Packet

/// One rule as it was written, lists multiplied out.
///
/// A packet matches when all tests hold; what isn't written isn't tested.
public struct Rule: Hashable, Sendable {
    /// What a match means.
    public enum Action: String, Hashable, Sendable, CaseIterable {
        /// Let the packet go on.
        case pass
        /// Drop the packet.
        case block
        /// Write a log record; the verdict stays as it is.
        case log
        /// Only count; the verdict stays as it is.
        case count
    }

    /// Which packets the rule sees, from this host's point of view.
    public enum Direction: String, Hashable, Sendable, CaseIterable {
        /// Packets that arrive.
        case `in`
        /// Packets that leave.
        case out
    }

    /// Where the rule begins in its file.
    public var location: SourceLocation

    /// What a match means.
    public var action: Action

    /// Which packets it sees.
    public var direction: Direction

    /// Whether a match ends the search.
    public var isQuick = false

    /// How to log; always there when the action is ``Action/log``.
    public var log: LogOption?

    /// Name of the interface on which the packet arrives, or through which it leaves.
    public var interface: String?

    /// `inet` or `inet6`, if written.
    public var family: IPVersion?

    /// Type of service or traffic class, the whole byte (`tos`).
    public var trafficClass: UInt8?

    /// Time to live or hop limit (`ttl`).
    public var hopLimit: UInt8?

    /// The protocol test.
    public var proto: ProtocolTest?

    /// The sender.
    public var source = Endpoint()

    /// The receiver.
    public var destination = Endpoint()

    /// The TCP flags test.
    public var flags: FlagsTest?

    /// The ICMP type test.
    public var icmp: ICMPTest?

    /// A rule that matches all packets of a direction.
    public init(_ action: Action, _ direction: Direction, location: SourceLocation = .init(line: 1, column: 1)) {
        self.action = action
        self.direction = direction
        self.location = location
    }

    /// The only family whose packets can match; nil for both. `icmp-type` without a family means IPv4.
    public var pinnedFamily: IPVersion? {
        family ?? source.network?.version ?? destination.network?.version ?? (icmp == nil ? nil : .v4)
    }
}

/// How a rule logs.
public struct LogOption: Hashable, Sendable {
    /// Include the first bytes of the payload (`body`).
    public var includesBody = false

    /// Only the packet that makes a state entry (`first`); without state, each packet.
    public var firstOnly = false

    /// Block the packet if its record can't be written (`or-block`).
    public var orBlock = false

    /// Syslog facility of `level`, such as `local0`.
    public var facility: String?

    /// Syslog priority of `level`, such as `warn`.
    public var priority: String?

    /// Plain `log`.
    public init() {}
}

/// A test of the protocol.
public enum ProtocolTest: Hashable, Sendable {
    /// One protocol.
    case number(IPProtocol)
    /// `tcp/udp`: either of the two.
    case tcpOrUDP
}

/// Tests of one end: address and port.
public struct Endpoint: Hashable, Sendable {
    /// Addresses that match, or with ``isNegated`` that don't; nil for `any`.
    public var network: IPNetwork?

    /// Whether `!` stood before the address; `!any` never matches.
    public var isNegated = false

    /// The port test.
    public var port: PortTest?

    /// `any`.
    public init() {}
}

/// A test of a port.
public enum PortTest: Hashable, Sendable {
    /// `= n`
    case equal(UInt16)
    /// `!= n`
    case notEqual(UInt16)
    /// `< n`
    case less(UInt16)
    /// `<= n`
    case lessOrEqual(UInt16)
    /// `> n`
    case greater(UInt16)
    /// `>= n`
    case greaterOrEqual(UInt16)
    /// `a >< b`: strictly between.
    case between(UInt16, UInt16)
    /// `a <> b`: below the first or above the second.
    case outside(UInt16, UInt16)
    /// `a:b`: from the first to the second, both included.
    case range(UInt16, UInt16)
}

/// `flags X/M`: of the flags in the mask exactly the given ones are set.
public struct FlagsTest: Hashable, Sendable {
    /// The flags that are set; within ``mask``.
    public var flags: TCPFlags

    /// The flags that are looked at.
    public var mask: TCPFlags

    /// Describes a test.
    public init(flags: TCPFlags, mask: TCPFlags = FlagsTest.defaultMask) {
        self.flags = flags
        self.mask = mask
    }

    /// FSRPAU: the congestion flags are not looked at.
    public static let defaultMask: TCPFlags = [.fin, .syn, .rst, .psh, .ack, .urg]
}

/// `icmp-type T [code C]`.
public struct ICMPTest: Hashable, Sendable {
    /// The type.
    public var type: UInt8

    /// The code, if written.
    public var code: UInt8?

    /// Describes a test.
    public init(type: UInt8, code: UInt8? = nil) {
        self.type = type
        self.code = code
    }
}
