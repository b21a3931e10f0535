// SPDX-License-Identifier: Apache-2.0

public import Packet

/// Addresses that begin with the same bits.
public struct IPNetwork: Hashable, Sendable, CustomStringConvertible {
    /// The first address: all bits behind the prefix are 0.
    public let address: IPAddress

    /// How many bits count: up to 32 or 128.
    public let prefixLength: Int

    /// The network of an address; bits behind the prefix are cleared. Nil if the prefix is longer than an address.
    public init?(_ address: IPAddress, prefixLength: Int) {
        guard prefixLength >= 0, prefixLength <= address.version.addressBits else { return nil }
        let mask = Self.mask(address.version, prefixLength: prefixLength)
        self.prefixLength = prefixLength
        switch address.version {
        case .v4: self.address = IPAddress(v4: address.v4 & mask.v4)
        case .v6: self.address = IPAddress(v6High: address.high & mask.high, low: address.low & mask.low)
        }
    }

    /// The network that holds one address only.
    public init(host address: IPAddress) {
        self.address = address
        prefixLength = address.version.addressBits
    }

    /// The family of its addresses.
    public var version: IPVersion { address.version }

    /// Ones for the bits that count, as an address.
    public var mask: IPAddress { Self.mask(version, prefixLength: prefixLength) }

    /// `192.0.2.0/24`, also for a single address.
    public var description: String { "\(address)/\(prefixLength)" }

    private static func mask(_ version: IPVersion, prefixLength: Int) -> IPAddress {
        // Shifts by the whole width give 0, so the ends need no case of their own.
        switch version {
        case .v4: IPAddress(v4: UInt32.max << UInt32(32 - prefixLength))
        case .v6:
            IPAddress(
                v6High: prefixLength >= 64 ? .max : UInt64.max << UInt64(64 - prefixLength),
                low: prefixLength <= 64 ? 0 : UInt64.max << UInt64(128 - prefixLength))
        }
    }

    /// The prefix length of a mask; nil if its ones are not all in front.
    static func prefixLength(ofMask mask: IPAddress) -> Int? {
        let length: Int
        switch mask.version {
        case .v4: length = (~mask.v4).leadingZeroBitCount
        case .v6: length = mask.high == .max ? 64 + (~mask.low).leadingZeroBitCount : (~mask.high).leadingZeroBitCount
        }
        return Self.mask(mask.version, prefixLength: length) == mask ? length : nil
    }
}
