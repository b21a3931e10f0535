// SPDX-License-Identifier: Apache-2.0

/// The Internet checksum while it is being computed (RFC 1071).
///
/// Bytes are added up as 32-bit words in the processor's own order; the sum is the same whatever the order is, but for
/// a swap at the end. 64 bits take 16 GiB of words before they could run over.
@frozen
public struct InternetChecksum: Sendable, BitwiseCopyable {
    @usableFromInline
    var sum: UInt64 = 0

    /// Starts at 0.
    @inlinable
    public init() {}

    /// Adds bytes. All but the last ones that are added must be even in number.
    @inlinable
    public mutating func add(_ bytes: RawSpan) {
        var offset = 0
        let count = bytes.byteCount
        var sum = self.sum
        while offset &+ 4 <= count {
            sum &+= UInt64(bytes.native32(at: offset))
            offset &+= 4
        }
        if offset &+ 2 <= count {
            sum &+= UInt64(bytes.bigEndian16(at: offset).bigEndian)
            offset &+= 2
        }
        if offset < count { sum &+= UInt64((UInt16(bytes.byte(at: offset)) << 8).bigEndian) }
        self.sum = sum
    }

    /// Adds a number of 32 bits in host order, as if its four bytes on the wire were added.
    @inlinable
    public mutating func add(_ value: UInt32) {
        sum &+= UInt64(value.bigEndian)
    }

    /// Adds the bytes of an address.
    @inlinable
    public mutating func add(_ address: IPAddress) {
        add(UInt32(truncatingIfNeeded: address.low))
        guard address.version == .v6 else { return }
        add(UInt32(truncatingIfNeeded: address.low >> 32))
        add(UInt32(truncatingIfNeeded: address.high))
        add(UInt32(truncatingIfNeeded: address.high >> 32))
    }

    /// Adds the pseudo header of TCP, UDP and ICMPv6 (RFC 9293, section 3.1; RFC 8200, section 8.1).
    ///
    /// - Parameter length: transport header and data in bytes.
    @inlinable
    public mutating func addPseudoHeader(
        source: IPAddress, destination: IPAddress, protocol: IPProtocol, length: Int
    ) {
        add(source)
        add(destination)
        add(UInt32(`protocol`.rawValue))
        add(UInt32(truncatingIfNeeded: length))
    }

    /// The checksum, in host order: the complement of the one's complement sum.
    ///
    /// 0 if all that was added, a right checksum included, is intact.
    @inlinable
    public var value: UInt16 {
        var folded = (sum & 0xFFFF_FFFF) &+ (sum >> 32)
        folded = (folded & 0xFFFF) &+ (folded >> 16)
        folded = (folded & 0xFFFF) &+ (folded >> 16)
        folded = (folded & 0xFFFF) &+ (folded >> 16)
        return ~UInt16(bigEndian: UInt16(truncatingIfNeeded: folded))
    }

    /// The checksum of some bytes.
    @inlinable
    public static func of(_ bytes: RawSpan) -> UInt16 {
        var checksum = InternetChecksum()
        checksum.add(bytes)
        return checksum.value
    }

    /// The checksum after one 16-bit word of what it covers has changed (RFC 1624, equation 3).
    ///
    /// All in host order. A UDP checksum of 0 means that there is none: leave it, and write 0 as `0xFFFF`.
    @inlinable
    public static func updated(_ checksum: UInt16, replacing old: UInt16, with new: UInt16) -> UInt16 {
        var sum = UInt32(~checksum) &+ UInt32(~old) &+ UInt32(new)
        sum = (sum & 0xFFFF) &+ (sum >> 16)
        sum = (sum & 0xFFFF) &+ (sum >> 16)
        return ~UInt16(truncatingIfNeeded: sum)
    }

    /// The checksum after an address that it covers has changed to another of the same family.
    @inlinable
    public static func updated(_ checksum: UInt16, replacing old: IPAddress, with new: IPAddress) -> UInt16 {
        var checksum = checksum
        for shift in stride(from: UInt64(0), to: 64, by: 16) {
            checksum = updated(
                checksum, replacing: UInt16(truncatingIfNeeded: old.low >> shift),
                with: UInt16(truncatingIfNeeded: new.low >> shift))
            checksum = updated(
                checksum, replacing: UInt16(truncatingIfNeeded: old.high >> shift),
                with: UInt16(truncatingIfNeeded: new.high >> shift))
        }
        return checksum
    }
}
