// SPDX-License-Identifier: Apache-2.0

import Packet

/// Checksums that a packet doesn't have yet (`NET_HCK_*`).
public struct MissingChecksums: OptionSet, Sendable {
    /// The bits of the original.
    public let rawValue: UInt8

    /// Wraps the original's bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// `NET_HCK_L3_FULL`: the IPv4 header's. Never on Linux, which computes it before a packet is queued.
    public static let headerFull = MissingChecksums(rawValue: 0x01)
    /// `NET_HCK_L3_PART`: never, as in the original.
    public static let headerPartial = MissingChecksums(rawValue: 0x02)
    /// `NET_HCK_L4_FULL`: that of TCP or UDP. Never on Linux, which has it at least begun.
    public static let transportFull = MissingChecksums(rawValue: 0x10)
    /// `NET_HCK_L4_PART`: that of TCP or UDP holds only the sum over the pseudo header; the rest is left to the card.
    public static let transportPartial = MissingChecksums(rawValue: 0x20)
}

extension PacketEvent {
    /// Which checksums would still be completed on the way out (`net_ispartialchecksum`, R163).
    ///
    /// What the kernel says about the packet; its bytes aren't looked at. Needs no handle, so there is no -1.
    public var missingChecksums: MissingChecksums {
        metadata.isChecksumPostponed ? .transportPartial : []
    }

    /// Whether the IPv4 header's checksum is right (`net_isvalidchecksum`, R164 to R166).
    ///
    /// Only the header, as in the original, whatever its manual says; see ``hasValidTransportChecksum`` for the rest.
    /// False too when the bytes end within the header. Bytes are neither moved nor changed (R167).
    /// - Returns: nil in IPv6, where C returns -1.
    public var hasValidHeaderChecksum: Bool? {
        guard family == .inet else { return nil }
        guard let header = try? IPv4(bytes) else { return false }
        return InternetChecksum.of(bytes.extracting(first: header.headerLength)) == 0
    }

    /// Whether the checksum of TCP, UDP, ICMP or ICMPv6 is right, which the manual page of `net_isvalidchecksum` promises
    /// and the original doesn't look at.
    ///
    /// Adds up the whole packet. True as well where it is left to the card (``missingChecksums``), and in IPv4 UDP that
    /// has none.
    /// - Returns: nil where there is nothing to check: other protocols, fragments, packets that are cut or too short.
    public var hasValidTransportChecksum: Bool? {
        guard !isConsumed, let datagram = currentDatagram else { return nil }
        if metadata.isChecksumPostponed, !isEdited { return true }
        if datagram.version == .v4, let udp = datagram.udp(in: bytes), udp.checksum == 0 { return true }
        return datagram.transportChecksum(in: bytes).map { $0 == 0 }
    }
}
