// SPDX-License-Identifier: Apache-2.0

/// An IPv4 packet in borrowed bytes (RFC 791, section 3.1).
///
/// Making one checks that the whole header is there; the payload may be cut short. Bytes beyond the total length
/// (link-layer padding) are left out.
@frozen
public struct IPv4: ~Escapable {
    /// The packet from its first header byte to its end, or to where the bytes were cut.
    public let bytes: RawSpan

    /// Length of a header without options, in bytes.
    @inlinable
    public static var minimumHeaderLength: Int { 20 }

    /// Reads the header.
    ///
    /// - Throws: ``PacketError/truncated``, ``PacketError/version``, ``PacketError/headerLength``,
    ///   ``PacketError/totalLength``.
    @inlinable
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) throws(PacketError) {
        guard bytes.byteCount >= Self.minimumHeaderLength else { throw .truncated }
        let first = bytes.byte(at: 0)
        guard first >> 4 == 4 else { throw .version }
        let headerLength = Int(first & 0xF) * 4
        guard headerLength >= Self.minimumHeaderLength else { throw .headerLength }
        guard headerLength <= bytes.byteCount else { throw .truncated }
        let totalLength = Int(bytes.bigEndian16(at: 2))
        guard totalLength >= headerLength else { throw .totalLength }
        self.bytes = bytes.prefix(min(totalLength, bytes.byteCount))
    }

    /// Header with options, 20 to 60 bytes.
    @inlinable
    public var headerLength: Int { Int(bytes.byte(at: 0) & 0xF) * 4 }

    /// Type of service, now DS field and ECN (RFC 2474, RFC 3168).
    @inlinable
    public var trafficClass: UInt8 { bytes.byte(at: 1) }

    /// Header and payload in bytes as the header says; more than ``bytes`` holds if the packet was cut.
    @inlinable
    public var totalLength: Int { Int(bytes.bigEndian16(at: 2)) }

    /// Whether routers must not fragment it.
    @inlinable
    public var isFragmentingForbidden: Bool { bytes.byte(at: 6) & 0x40 != 0 }

    /// Identification, offset and "more fragments".
    @inlinable
    public var fragment: Fragment {
        let word = bytes.bigEndian16(at: 6)
        return Fragment(
            identification: UInt32(bytes.bigEndian16(at: 4)), offset: (word & 0x1FFF) &* 8,
            moreFollow: word & 0x2000 != 0)
    }

    /// Time to live.
    @inlinable
    public var hopLimit: UInt8 { bytes.byte(at: 8) }

    /// What the payload is.
    @inlinable
    public var `protocol`: IPProtocol { IPProtocol(rawValue: bytes.byte(at: 9)) }

    /// Header checksum as it stands in the packet.
    @inlinable
    public var headerChecksum: UInt16 { bytes.bigEndian16(at: 10) }

    /// Sender.
    @inlinable
    public var source: IPAddress { bytes.addressV4(at: 12) }

    /// Receiver.
    @inlinable
    public var destination: IPAddress { bytes.addressV4(at: 16) }

    /// Option bytes, 0 to 40.
    @inlinable
    public var options: RawSpan {
        @_lifetime(copy self)
        get { bytes.prefix(headerLength).suffix(from: Self.minimumHeaderLength) }
    }

    /// What follows the header, up to the total length or to where the bytes were cut.
    @inlinable
    public var payload: RawSpan {
        @_lifetime(copy self)
        get { bytes.suffix(from: headerLength) }
    }
}
