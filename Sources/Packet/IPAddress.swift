// SPDX-License-Identifier: Apache-2.0

/// The version of the Internet Protocol that an address or packet belongs to.
@frozen
public enum IPVersion: UInt8, Sendable, BitwiseCopyable, CaseIterable {
    /// IPv4 (RFC 791).
    case v4 = 4
    /// IPv6 (RFC 8200).
    case v6 = 6

    /// Bits of an address: 32 or 128.
    @inlinable
    public var addressBits: Int {
        switch self {
        case .v4: 32
        case .v6: 128
        }
    }
}

/// An IPv4 or IPv6 address as a plain value in host byte order.
///
/// The 128 bits are ``high`` and ``low``; an IPv4 address is the lowest 32 bits of ``low``, everything above is 0. An
/// IPv4 address and the IPv6 address that maps it are different values.
@frozen
public struct IPAddress: Hashable, Sendable, BitwiseCopyable {
    /// The first 64 bits of an IPv6 address; 0 for IPv4.
    public let high: UInt64

    /// The last 64 bits of an IPv6 address; an IPv4 address in its lowest 32 bits.
    public let low: UInt64

    /// The family.
    public let version: IPVersion

    /// An IPv4 address from its 32 bits in host order: 192.0.2.1 is `0xC000_0201`.
    @inlinable
    public init(v4 value: UInt32) {
        high = 0
        low = UInt64(value)
        version = .v4
    }

    /// An IPv6 address from its two halves in host order.
    @inlinable
    public init(v6High high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
        version = .v6
    }

    /// The 32 bits of an IPv4 address in host order; the last 32 of an IPv6 address.
    @inlinable
    public var v4: UInt32 { UInt32(truncatingIfNeeded: low) }

    /// Whether packets to it go to a group: 224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291, section 2.7).
    @inlinable
    public var isMulticast: Bool {
        switch version {
        case .v4: low >> 28 == 0xE
        case .v6: high >> 56 == 0xFF
        }
    }
}

extension RawSpan {
    @inlinable @inline(__always)
    func addressV4(at offset: Int) -> IPAddress {
        IPAddress(v4: bigEndian32(at: offset))
    }

    @inlinable @inline(__always)
    func addressV6(at offset: Int) -> IPAddress {
        IPAddress(v6High: bigEndian64(at: offset), low: bigEndian64(at: offset + 8))
    }
}

extension MutableRawSpan {
    /// Writes 4 or 16 bytes, as the family has it.
    @inlinable
    @_lifetime(self: copy self)
    mutating func store(_ address: IPAddress, at offset: Int) {
        switch address.version {
        case .v4: storeBigEndian(address.v4, at: offset)
        case .v6:
            storeBigEndian(address.high, at: offset)
            storeBigEndian(address.low, at: offset + 8)
        }
    }
}
