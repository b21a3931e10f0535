// SPDX-License-Identifier: Apache-2.0

/// An ICMP or ICMPv6 message in borrowed bytes (RFC 792, RFC 4443 section 2.1).
///
/// The two protocols share the layout, not the numbers.
@frozen
public struct ICMP: ~Escapable {
    /// The message.
    public let bytes: RawSpan

    /// Length of the header that nearly all messages have, in bytes.
    @inlinable
    public static var headerLength: Int { 8 }

    /// Reads the header.
    ///
    /// - Throws: ``PacketError/truncated``.
    @inlinable
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) throws(PacketError) {
        guard bytes.byteCount >= Self.headerLength else { throw .truncated }
        self.bytes = bytes
    }

    /// What kind of message it is.
    @inlinable
    public var type: UInt8 { bytes.byte(at: 0) }

    /// Which of its kind.
    @inlinable
    public var code: UInt8 { bytes.byte(at: 1) }

    /// Checksum as it stands in the message.
    @inlinable
    public var checksum: UInt16 { bytes.bigEndian16(at: 2) }

    /// The second word of the header, whose meaning depends on ``type``.
    @inlinable
    public var rest: UInt32 { bytes.bigEndian32(at: 4) }

    /// Identifier of an echo, timestamp, information or mask message.
    @inlinable
    public var identifier: UInt16 { bytes.bigEndian16(at: 4) }

    /// Sequence number of such a message.
    @inlinable
    public var sequenceNumber: UInt16 { bytes.bigEndian16(at: 6) }

    /// What follows: echo data, or the packet that an error message quotes.
    @inlinable
    public var payload: RawSpan {
        @_lifetime(copy self)
        get { bytes.suffix(from: Self.headerLength) }
    }
}
