// SPDX-License-Identifier: Apache-2.0

/// The link-layer address of an interface, of 1 to 8 bytes: `IFLA_ADDRESS` of rtnetlink(7).
public struct LinkLayerAddress: Hashable, Sendable, BitwiseCopyable {
    /// The bytes, the first one in the highest place, as in ``PacketMetadata/linkLayerSource``; behind them zeros.
    public let rawValue: UInt64

    /// How many bytes count: 6 for Ethernet.
    public let length: UInt8

    /// Wraps an address.
    ///
    /// - Parameters:
    ///   - rawValue: the first byte in the highest place.
    ///   - length: bytes of it that count; nil is the result unless there are 1 to 8.
    public init?(_ rawValue: UInt64, length: Int) {
        guard (1...8).contains(length) else { return nil }
        self.rawValue = rawValue & ~0 << UInt64(64 - 8 * length)
        self.length = UInt8(length)
    }
}
