// SPDX-License-Identifier: Apache-2.0

public import Packet

// What a hook does with the packet that it is shown beside passing, dropping and changing it. Nothing here allocates,
// locks or waits, except the system call of a direct send.

extension PacketEvent {
    /// How often the packet was injected at this instance before it came here.
    ///
    /// Known at `PHYSICAL_IN`, `FORWARDING` and `LOOPBACK_IN` after NI_QUEUE_IN, at `PHYSICAL_OUT` and the loopback events
    /// after NI_QUEUE_OUT. A forwarded packet begins anew at `PHYSICAL_OUT`; its hop limit bounds what goes round there.
    public var injections: Int { Int(metadata.injections) }

    /// The stamps that hooks put on it when they injected it.
    public var stamps: Stamps { metadata.stamps }

    /// Injects a copy of the packet as it is now; the packet itself goes on with the verdict that the hook returns.
    ///
    /// The copy's checksums are complete. It keeps ``mark`` and stamps, and counts one injection more.
    /// - Parameters:
    ///   - style: how (`inject_t`).
    ///   - interface: where it is to appear or to leave (`ni_physical`); nil for the one that the event tells.
    ///   - nextHop: for NI_DIRECT_OUT (`ni_addr`); nil for the packet's destination.
    ///   - delay: how long it stays on the list, nil for no time; it goes with the next tick after that. Nothing for
    ///     NI_DIRECT_OUT.
    ///   - stamps: stamps that it gets beside those that it has.
    /// - Throws: ``InjectionError``; there is no copy then, whatever ``InjectionError/returnValue`` says.
    public mutating func inject(
        _ style: InjectionStyle, interface: UInt32? = nil, nextHop: IPAddress? = nil, after delay: Duration? = nil,
        stamps: Stamps = []
    ) throws(InjectionError) {
        _ = try put(style, interface: interface, nextHop: nextHop, delay: delay?.wholeNanoseconds ?? 0, stamps)
    }

    /// Takes the packet and has it go on later, through this event again.
    ///
    /// What came in from the network goes back by NI_QUEUE_IN on the interface that it came from, everything else by
    /// NI_QUEUE_OUT; a packet held at `FORWARDING` does not pass that event again, one held at `LOOPBACK_IN` passes
    /// `LOOPBACK_OUT` again before.
    /// - Parameters:
    ///   - delay: how long it is held; it goes with the next tick after that.
    ///   - stamps: stamps that it gets, so that the hook knows it when it comes back.
    /// - Throws: ``InjectionError``. The packet is still the hook's when ``InjectionError/returnValue`` is -1; when it is 1 the
    ///   packet is gone (R147).
    public mutating func hold(for delay: Duration, stamps: Stamps = []) throws(InjectionError) {
        _ = try take(delay: delay.wholeNanoseconds, stamps)
    }

    /// Takes the packet and keeps it until somebody redeems the ticket, or for ever.
    ///
    /// - Returns: what ``InjectionList/release(_:after:)`` and ``InjectionList/drop(_:)`` want.
    /// - Throws: as ``hold(for:stamps:)``.
    public mutating func hold(stamps: Stamps = []) throws(InjectionError) -> HeldPacket {
        guard let ticket = try take(delay: nil, stamps) else { throw InjectionError(.unsupported) }
        return ticket
    }

    private mutating func take(delay: UInt64?, _ stamps: Stamps) throws(InjectionError) -> HeldPacket? {
        let style: InjectionStyle =
            switch event {
            case .physicalIn, .observing: .queueIn
            // IPv4 takes nothing from the network that the host itself has sent (`fib_validate_source` in
            // net/ipv4/fib_frontend.c), so what was on its way to the host itself sets out again.
            case .physicalOut, .loopbackOut, .forwarding, .loopbackIn: .queueOut
            }
        do throws(InjectionError) {
            let ticket = try put(style, interface: nil, nextHop: nil, delay: delay, stamps)
            consume()
            return ticket
        } catch {
            if error.returnValue == 1 { consume() }
            throw error
        }
    }

    private mutating func put(
        _ style: InjectionStyle, interface: UInt32?, nextHop: IPAddress?, delay: UInt64?, _ stamps: Stamps
    ) throws(InjectionError) -> HeldPacket? {
        guard let list = unsafe injection else { throw InjectionError(.unsupported) }
        completeChecksums()
        let told = style == .queueIn ? metadata.inInterface : metadata.outInterface
        let packet = DuePacket(
            style, family, length: bytes.byteCount, interface: interface ?? told, mark: mark,
            injections: metadata.injections &+ 1, stamps: metadata.stamps.union(stamps),
            linkLayerSource: metadata.linkLayerSource, linkLayerSourceLength: metadata.linkLayerSourceLength)
        let refusal = ownRefusal
        let content = bytes
        return try unsafe list._withUnsafeGuaranteedRef { list -> Result<HeldPacket?, InjectionError> in
            Result { () throws(InjectionError) in
                if let refusal { try list.refuse(refusal) }
                return try list.inject(packet, content, to: nextHop, delay: delay)
            }
        }.get()
    }

    /// What the list can't know.
    private var ownRefusal: InjectionError.Reason? {
        if isReadOnly { return .readOnly }
        // A batch of segments doesn't tell how long they are to be.
        if isCut || metadata.isSegmentBatch { return .tooLong }
        return nil
    }
}
