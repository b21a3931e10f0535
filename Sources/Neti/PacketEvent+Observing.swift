// SPDX-License-Identifier: Apache-2.0

extension PacketEvent {
    /// Whether the event only shows packets: `OBSERVING`, and all of ``NetworkFamily/arp``.
    ///
    /// What hooks return there has no effect on the packet, a changed ``mark`` and ``consume()`` have none at all, and
    /// edits are refused with ``EditError/readOnly`` (R104).
    public var isReadOnly: Bool { event == .observing || family == .arp }

    /// Shows a packet to the hooks on `OBSERVING`, as the hooks of its own event left it. For the provider.
    ///
    /// - Parameters:
    ///   - packet: one that passed its event, checksums finished; lives longer than this value.
    ///   - direction: where it passed.
    ///   - zone: the inode of the instance's namespace.
    @unsafe
    public init(observing packet: borrowing PacketEvent, _ direction: PacketObservation.Direction, zone: UInt64) {
        var metadata = packet.metadata
        if packet.isEdited {
            metadata.length = packet.count
            metadata.isChecksumPostponed = false
        }
        let interface = direction == .inbound ? metadata.inInterface : metadata.outInterface
        unsafe self.init(
            netid: packet.netid, family: packet.family, event: .observing, flags: [], lane: packet.lane,
            metadata: metadata, mark: packet.mark, base: packet.base, count: packet.count, capacity: packet.count,
            observation: PacketObservation(
                direction: direction, packetLength: metadata.length, interface: interface, sourceZone: zone,
                destinationZone: zone))
        parsed = packet.parsed
    }
}
