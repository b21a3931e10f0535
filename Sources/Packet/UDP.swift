// SPDX-License-Identifier: Apache-2.0

/// A UDP datagram in borrowed bytes (RFC 768).
@frozen
public struct UDP: ~Escapable {
    /// Header and data, and whatever the IP packet holds behind them.
    public let bytes: RawSpan

    /// Length of the header in bytes.
    @inlinable
    public static var headerLength: Int { 8 }

    /// Reads the header; the length field may still be wrong, see ``length``.
    ///
    /// - Throws: ``PacketError/truncated``.
    @inlinable
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) throws(PacketError) {
        guard bytes.byteCount >= Self.headerLength else { throw .truncated }
        self.bytes = bytes
    }

    /// Sender's port, 0 for none.
    @inlinable
    public var sourcePort: UInt16 { bytes.bigEndian16(at: 0) }

    /// Receiver's port.
    @inlinable
    public var destinationPort: UInt16 { bytes.bigEndian16(at: 2) }

    /// Header and data in bytes, as the header says, whether or not so many are there.
    @inlinable
    public var length: Int { Int(bytes.bigEndian16(at: 4)) }

    /// Checksum as it stands in the header; 0 for none.
    @inlinable
    public var checksum: UInt16 { bytes.bigEndian16(at: 6) }

    /// Data: as long as ``length`` says where that is possible, else all there is.
    @inlinable
    public var payload: RawSpan {
        @_lifetime(copy self)
        get {
            let end = length >= Self.headerLength && length <= bytes.byteCount ? length : bytes.byteCount
            return bytes.prefix(end).suffix(from: Self.headerLength)
        }
    }
}
