// SPDX-License-Identifier: Apache-2.0

public import Packet

/// A packet on an ``InjectionList``, as the provider delivers it. Its bytes stay on the list.
public struct DuePacket: Sendable {
    /// How it is to be put back.
    public var style: InjectionStyle
    /// Whose packet it is: `inet` or `inet6`.
    public var family: NetworkFamily
    /// The interface that was asked for, 0 for none (`ni_physical`).
    public var interface: UInt32
    /// The next hop that was asked for (`ni_addr`).
    public var nextHop: IPAddress?
    /// Bytes of the packet.
    public var length: Int
    /// The netfilter mark that it gets.
    public var mark: UInt32
    /// How often it has been injected at this instance, this time included.
    public var injections: UInt8
    /// What marks it bears.
    public var stamps: Stamps
    /// The link-layer source with which it came, as in ``PacketMetadata/linkLayerSource``.
    public var linkLayerSource: UInt64
    /// Bytes of it that count.
    public var linkLayerSourceLength: UInt8
    /// When it is to go on, in nanoseconds of the monotonic clock.
    public internal(set) var deadline: UInt64 = 0
    /// The first chunk of its bytes.
    public internal(set) var slot: UInt32 = 0
}
