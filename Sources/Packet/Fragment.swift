// SPDX-License-Identifier: Apache-2.0

/// Where a packet's payload belongs in the original one (RFC 791, section 3.2; RFC 8200, section 4.5).
@frozen
public struct Fragment: Hashable, Sendable, BitwiseCopyable {
    /// Number that the fragments of one packet share: 16 bits in IPv4, 32 in IPv6. 0 in an IPv6 packet without a
    /// fragment header.
    public let identification: UInt32

    /// Place of the payload in the original one, in bytes, a multiple of 8.
    public let offset: UInt16

    /// Whether further fragments follow.
    public let moreFollow: Bool

    /// Describes a place.
    @inlinable
    public init(identification: UInt32, offset: UInt16, moreFollow: Bool) {
        self.identification = identification
        self.offset = offset
        self.moreFollow = moreFollow
    }

    /// A packet that is whole. An IPv6 fragment header that says so changes nothing (RFC 6946).
    @inlinable
    public var isWhole: Bool { offset == 0 && !moreFollow }
}
