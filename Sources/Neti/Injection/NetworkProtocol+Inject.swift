// SPDX-License-Identifier: Apache-2.0

import Hooks
public import Packet

extension NetworkProtocol {
    /// Puts a packet into the instance (`net_inject`, R144 to R156).
    ///
    /// Returning is 0 in C: with the QUEUE styles the packet is on the list, and what becomes of it later only the counters
    /// tell; with NI_DIRECT_OUT it is sent, or waits for the link-layer address of its next hop ("in progress"). The bytes
    /// are copied, so they are the caller's again in any case (R146). May be called from any thread, in a hook too (R109);
    /// what is injected there counts as often injected as the packet that the hook is looking at, and once more.
    ///
    /// - Parameters:
    ///   - style: how it is put back.
    ///   - packet: its bytes from the IP header on, checksums included; a packet of this protocol (R145).
    ///   - interface: for NI_QUEUE_IN where it appears to arrive, for NI_DIRECT_OUT where it leaves, 0 to let routing choose
    ///     (`ni_physical`); else ignored, except that IPv6 needs it for link-local and multicast destinations.
    ///   - nextHop: for NI_DIRECT_OUT the next hop; nil for the packet's destination (`ni_addr`). Else ignored.
    ///   - delay: how long it stays on the list, nil for no time; it goes with the next tick after that. Nothing for
    ///     NI_DIRECT_OUT.
    ///   - mark: its netfilter mark on its way out, as with `SO_MARK`.
    ///   - stamps: stamps that it gets.
    /// - Throws: ``InjectionError``, with what C returns in ``InjectionError/returnValue``.
    public func inject(
        _ style: InjectionStyle, _ packet: RawSpan, interface: UInt32 = 0, nextHop: IPAddress? = nil,
        after delay: Duration? = nil, mark: UInt32 = 0, stamps: Stamps = []
    ) throws(InjectionError) {
        if isDead { try injection.refuse(.deadInstance) }
        if family == .arp { try injection.refuse(.unsupported) }
        let request = DuePacket(
            style, family, length: packet.byteCount, interface: interface, mark: mark,
            injections: callerInjections &+ 1, stamps: stamps)
        _ = try injection.inject(request, packet, to: nextHop, delay: delay?.wholeNanoseconds ?? 0)
    }

    /// The same for a packet in an array.
    ///
    /// - Throws: ``InjectionError``.
    public func inject(
        _ style: InjectionStyle, _ packet: [UInt8], interface: UInt32 = 0, nextHop: IPAddress? = nil,
        after delay: Duration? = nil, mark: UInt32 = 0, stamps: Stamps = []
    ) throws(InjectionError) {
        try inject(
            style, unsafe packet.span.bytes, interface: interface, nextHop: nextHop, after: delay, mark: mark,
            stamps: stamps)
    }
}
