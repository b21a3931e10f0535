// SPDX-License-Identifier: Apache-2.0

/// A packet on an ``InjectionList``, as the provider delivers it. Its bytes stay on the list.
public struct DuePacket: Sendable {
    /// The link-layer source with which it came, as in ``PacketMetadata/linkLayerSource``.
    public var linkLayerSource: UInt64
    /// When it is to go on, in nanoseconds of the monotonic clock.
    public internal(set) var deadline: UInt64 = 0
    /// The interface that was asked for, 0 for none (`ni_physical`).
    public var interface: UInt32
    /// The netfilter mark that it gets.
    public var mark: UInt32
    private var byteCount: UInt32
    /// The first chunk of its bytes.
    public internal(set) var slot: UInt32 = 0
    /// How it is to be put back.
    public var style: InjectionStyle
    /// Whose packet it is: `inet` or `inet6`.
    public var family: NetworkFamily
    /// How often it has been injected at this instance, this time included.
    public var injections: UInt8
    /// What marks it bears.
    public var stamps: Stamps
    /// Bytes of ``linkLayerSource`` that count.
    public var linkLayerSourceLength: UInt8

    /// Bytes of the packet.
    public var length: Int { Int(byteCount) }

    init(
        _ style: InjectionStyle, _ family: NetworkFamily, length: Int, interface: UInt32, mark: UInt32,
        injections: UInt8,
        stamps: Stamps, linkLayerSource: UInt64 = 0, linkLayerSourceLength: UInt8 = 0
    ) {
        self.style = style
        self.family = family
        self.interface = interface
        self.mark = mark
        self.injections = injections
        self.stamps = stamps
        self.linkLayerSource = linkLayerSource
        self.linkLayerSourceLength = linkLayerSourceLength
        byteCount = UInt32(clamping: length)
    }
}
