// SPDX-License-Identifier: Apache-2.0

/// What the kernel tells about a queued packet beside its bytes (`NFQA_*` attributes of nfnetlink_queue).
///
/// A plain value without references; numbers are in host byte order.
public struct PacketMetadata: Sendable {
    /// Index of the arrival interface, 0 for none.
    public var inInterface: UInt32 = 0

    /// Index of the departure interface, 0 for none.
    public var outInterface: UInt32 = 0

    /// Length of the whole packet in bytes, also when only its first part was copied.
    public var length = 0

    /// Time of arrival in nanoseconds since 1970; 0 for outbound packets and when `timestamps` is not asked for.
    public var arrival: UInt64 = 0

    /// The sender's link-layer address in its first ``linkLayerSourceLength`` bytes, for inbound packets.
    public var linkLayerSource: UInt64 = 0

    /// Bytes of ``linkLayerSource`` that count, 0 when there is none.
    public var linkLayerSourceLength: UInt8 = 0

    /// User that owns the sending socket; nil for inbound packets or when `uid-gid` is not asked for.
    public var uid: UInt32?

    /// Group that owns the sending socket.
    public var gid: UInt32?

    /// How often the packet was injected at this instance before it came here.
    public var injections: UInt8 = 0

    /// The stamps that hooks put on it when they injected it.
    public var stamps: Stamps = []

    /// Whether the transport checksum is not in the packet yet and would be filled in later (`NFQA_SKB_CSUMNOTREADY`).
    public var isChecksumPostponed = false

    /// Whether the packet is a batch of segments that is cut apart later (`NFQA_SKB_GSO`).
    public var isSegmentBatch = false

    /// Whether nobody has verified the transport checksum of this inbound packet (`NFQA_SKB_CSUM_NOTVERIFIED`).
    public var isChecksumUnverified = false

    /// A value in which nothing is known.
    public init() {}
}

/// Link-layer destination of a packet (`hpe_flags`).
public struct PacketFlags: OptionSet, Sendable {
    /// The bits of the original's `hpe_flags`.
    public let rawValue: UInt8

    /// Wraps the original's bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// `HPE_MULTICAST`: sent to a link-layer multicast address.
    public static let multicast = PacketFlags(rawValue: 0x01)

    /// `HPE_BROADCAST`: sent to the link-layer broadcast address.
    public static let broadcast = PacketFlags(rawValue: 0x02)
}
