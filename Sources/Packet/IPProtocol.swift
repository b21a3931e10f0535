// SPDX-License-Identifier: Apache-2.0

/// A protocol number of the IP header (IANA, Assigned Internet Protocol Numbers).
@frozen
public struct IPProtocol: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    /// The number, as in the header.
    public let rawValue: UInt8

    /// Wraps a number.
    @inlinable
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// IPv6 hop-by-hop options (RFC 8200, section 4.3).
    @inlinable
    public static var hopByHop: IPProtocol { IPProtocol(rawValue: 0) }

    /// ICMP for IPv4 (RFC 792).
    @inlinable
    public static var icmp: IPProtocol { IPProtocol(rawValue: 1) }

    /// TCP (RFC 9293).
    @inlinable
    public static var tcp: IPProtocol { IPProtocol(rawValue: 6) }

    /// UDP (RFC 768).
    @inlinable
    public static var udp: IPProtocol { IPProtocol(rawValue: 17) }

    /// IPv6 routing header (RFC 8200, section 4.4).
    @inlinable
    public static var routing: IPProtocol { IPProtocol(rawValue: 43) }

    /// IPv6 fragment header (RFC 8200, section 4.5).
    @inlinable
    public static var fragment: IPProtocol { IPProtocol(rawValue: 44) }

    /// Encapsulating security payload (RFC 4303).
    @inlinable
    public static var esp: IPProtocol { IPProtocol(rawValue: 50) }

    /// Authentication header (RFC 4302).
    @inlinable
    public static var ah: IPProtocol { IPProtocol(rawValue: 51) }

    /// ICMP for IPv6 (RFC 4443).
    @inlinable
    public static var icmpV6: IPProtocol { IPProtocol(rawValue: 58) }

    /// Nothing follows the last IPv6 header (RFC 8200, section 4.7).
    @inlinable
    public static var noNextHeader: IPProtocol { IPProtocol(rawValue: 59) }

    /// IPv6 destination options (RFC 8200, section 4.6).
    @inlinable
    public static var destinationOptions: IPProtocol { IPProtocol(rawValue: 60) }

    /// IPv6 mobility header (RFC 6275, section 6.1).
    @inlinable
    public static var mobility: IPProtocol { IPProtocol(rawValue: 135) }
}
