// SPDX-License-Identifier: Apache-2.0

/// What hooks on `OBSERVING` are told beside the bytes (`hook_pkt_observe_t`, R104).
///
/// Numbers are in host byte order, unlike the original's. There is no `hpo_grifindex`: Linux has no IPMP groups (R90).
public struct PacketObservation: Sendable, Equatable {
    /// Where the packet passed (`hpo_htype`, with the original's numbers).
    public enum Direction: UInt16, Sendable {
        /// It passed `PHYSICAL_IN` (`IPOBS_HOOK_INBOUND`).
        case inbound = 0
        /// It passed `PHYSICAL_OUT` (`IPOBS_HOOK_OUTBOUND`).
        case outbound = 1
        /// It passed `LOOPBACK_OUT` and is on its way to `LOOPBACK_IN` (`IPOBS_HOOK_LOCAL`).
        case local = 2
    }

    /// Where the packet passed (`hpo_htype`).
    public let direction: Direction

    /// Bytes of the whole packet from its IP header on (`hpo_pktlen`), also where ``PacketEvent/bytes`` has only its first
    /// part.
    public let packetLength: Int

    /// Index of the interface that it came by or leaves by (`hpo_ifindex`).
    public let interface: UInt32

    /// The sender's zone (`hpo_zsrc`): the inode of the instance's namespace, for each instance has its network to itself.
    public let sourceZone: UInt64

    /// The receiver's zone (`hpo_zdst`), the same.
    public let destinationZone: UInt64
}
