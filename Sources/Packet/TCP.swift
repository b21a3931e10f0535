// SPDX-License-Identifier: Apache-2.0

/// A TCP segment in borrowed bytes (RFC 9293, section 3.1).
@frozen
public struct TCP: ~Escapable {
    /// The segment.
    public let bytes: RawSpan

    /// Length of a header without options, in bytes.
    @inlinable
    public static var minimumHeaderLength: Int { 20 }

    /// Reads the header's first 20 bytes; the data offset may still be wrong, see ``headerLength``.
    ///
    /// - Throws: ``PacketError/truncated``.
    @inlinable
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) throws(PacketError) {
        guard bytes.byteCount >= Self.minimumHeaderLength else { throw .truncated }
        self.bytes = bytes
    }

    /// Sender's port.
    @inlinable
    public var sourcePort: UInt16 { bytes.bigEndian16(at: 0) }

    /// Receiver's port.
    @inlinable
    public var destinationPort: UInt16 { bytes.bigEndian16(at: 2) }

    /// Sequence number of the first payload byte, or of SYN.
    @inlinable
    public var sequenceNumber: UInt32 { bytes.bigEndian32(at: 4) }

    /// Next sequence number that the sender expects; valid with ``TCPFlags/ack``.
    @inlinable
    public var acknowledgmentNumber: UInt32 { bytes.bigEndian32(at: 8) }

    /// Header with options in bytes, 20 to 60; nil when the data offset is below 5 words or beyond the segment.
    @inlinable
    public var headerLength: Int? {
        let length = Int(bytes.byte(at: 12) >> 4) * 4
        return length >= Self.minimumHeaderLength && length <= bytes.byteCount ? length : nil
    }

    /// Control bits.
    @inlinable
    public var flags: TCPFlags { TCPFlags(rawValue: bytes.byte(at: 13)) }

    /// Receive window, unscaled.
    @inlinable
    public var window: UInt16 { bytes.bigEndian16(at: 14) }

    /// Checksum as it stands in the segment.
    @inlinable
    public var checksum: UInt16 { bytes.bigEndian16(at: 16) }

    /// Urgent pointer; valid with ``TCPFlags/urg``.
    @inlinable
    public var urgentPointer: UInt16 { bytes.bigEndian16(at: 18) }

    /// Option bytes; none when ``headerLength`` is wrong.
    @inlinable
    public var options: RawSpan {
        @_lifetime(copy self)
        get {
            let end = headerLength ?? Self.minimumHeaderLength
            return bytes.prefix(end).suffix(from: Self.minimumHeaderLength)
        }
    }

    /// Data; none when ``headerLength`` is wrong.
    @inlinable
    public var payload: RawSpan {
        @_lifetime(copy self)
        get { bytes.suffix(from: headerLength ?? bytes.byteCount) }
    }
}

/// The control bits of a TCP header.
@frozen
public struct TCPFlags: OptionSet, Hashable, Sendable, BitwiseCopyable {
    /// Byte 13 of the header.
    public let rawValue: UInt8

    /// Wraps the byte.
    @inlinable
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// No more data from the sender.
    @inlinable
    public static var fin: TCPFlags { TCPFlags(rawValue: 0x01) }

    /// Synchronise sequence numbers.
    @inlinable
    public static var syn: TCPFlags { TCPFlags(rawValue: 0x02) }

    /// Reset the connection.
    @inlinable
    public static var rst: TCPFlags { TCPFlags(rawValue: 0x04) }

    /// Push.
    @inlinable
    public static var psh: TCPFlags { TCPFlags(rawValue: 0x08) }

    /// The acknowledgment number counts.
    @inlinable
    public static var ack: TCPFlags { TCPFlags(rawValue: 0x10) }

    /// The urgent pointer counts.
    @inlinable
    public static var urg: TCPFlags { TCPFlags(rawValue: 0x20) }

    /// ECN echo (RFC 3168, section 6.1).
    @inlinable
    public static var ece: TCPFlags { TCPFlags(rawValue: 0x40) }

    /// Congestion window reduced (RFC 3168, section 6.1).
    @inlinable
    public static var cwr: TCPFlags { TCPFlags(rawValue: 0x80) }
}
