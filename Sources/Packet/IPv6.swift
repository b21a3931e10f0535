// SPDX-License-Identifier: Apache-2.0

/// An IPv6 packet in borrowed bytes (RFC 8200, section 3).
///
/// Making one checks the fixed header only; ``extensionHeaders`` walks the others. Bytes beyond the payload length are
/// left out.
@frozen
public struct IPv6: ~Escapable {
    /// The packet from its first header byte to its end, or to where the bytes were cut.
    public let bytes: RawSpan

    /// Length of the fixed header in bytes.
    @inlinable
    public static var headerLength: Int { 40 }

    /// Reads the fixed header.
    ///
    /// - Throws: ``PacketError/truncated``, ``PacketError/version``, ``PacketError/jumbogram``.
    @inlinable
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) throws(PacketError) {
        guard bytes.byteCount >= Self.headerLength else { throw .truncated }
        guard bytes.byte(at: 0) >> 4 == 6 else { throw .version }
        let payloadLength = Int(bytes.bigEndian16(at: 4))
        guard payloadLength > 0 || bytes.byte(at: 6) != IPProtocol.hopByHop.rawValue else { throw .jumbogram }
        self.bytes = bytes.prefix(min(Self.headerLength + payloadLength, bytes.byteCount))
    }

    /// Traffic class: DS field and ECN (RFC 2474, RFC 3168).
    @inlinable
    public var trafficClass: UInt8 { UInt8(truncatingIfNeeded: bytes.bigEndian16(at: 0) >> 4) }

    /// Flow label, 20 bits (RFC 6437).
    @inlinable
    public var flowLabel: UInt32 { bytes.bigEndian32(at: 0) & 0xF_FFFF }

    /// Headers and payload in bytes as the header says, up to 65,575; more than ``bytes`` holds if the packet was cut.
    @inlinable
    public var totalLength: Int { Self.headerLength + Int(bytes.bigEndian16(at: 4)) }

    /// What follows the fixed header.
    @inlinable
    public var nextHeader: IPProtocol { IPProtocol(rawValue: bytes.byte(at: 6)) }

    /// Hop limit.
    @inlinable
    public var hopLimit: UInt8 { bytes.byte(at: 7) }

    /// Sender.
    @inlinable
    public var source: IPAddress { bytes.addressV6(at: 8) }

    /// Destination field; with a routing header that isn't used up yet, the next stop.
    @inlinable
    public var destination: IPAddress { bytes.addressV6(at: 24) }

    /// The headers between the fixed one and the payload.
    @inlinable
    public var extensionHeaders: ExtensionHeaders {
        @_lifetime(copy self)
        get { ExtensionHeaders(self) }
    }
}
