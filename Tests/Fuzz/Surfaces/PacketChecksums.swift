// SPDX-License-Identifier: Apache-2.0

import Packet

/// What must hold of a packet whose checksums are computed anew.
enum PacketChecksums {
    /// Updates the packet in place.
    static func check(_ datagram: Datagram, in room: UnsafeMutableRawBufferPointer) throws {
        let before = unsafe Array(room)
        let place = place(datagram, before)
        let isComputed = place != nil && datagram.transportChecksum(in: unsafe before.span.bytes) != nil
        unsafe update(room, datagram)
        let after = unsafe Array(room)

        var written: [Range<Int>] = datagram.version == .v4 ? [10..<12] : []
        if let place, isComputed { written.append(place) }
        for index in before.indices where before[index] != after[index] {
            try require(written.contains { $0.contains(index) }, "byte \(index) is no checksum, but was changed")
        }
        try require(try Datagram(parsing: unsafe after.span.bytes) == datagram, "new checksums make it another packet")
        if datagram.version == .v4 {
            let header = after[..<Int(datagram.headerLength)]
            try require(InternetChecksum.of(unsafe header.span.bytes) == 0, "the header's checksum is wrong")
        }
        if isComputed {
            let rest = datagram.transportChecksum(in: unsafe after.span.bytes)
            try require(rest == 0, "the transport checksum is wrong by \(rest.map(String.init) ?? "nil")")
        }
        unsafe update(room, datagram)
        try require(unsafe room.elementsEqual(after), "the second time gives other checksums")
    }

    /// Where the transport checksum stands; nil without one.
    private static func place(_ datagram: Datagram, _ packet: [UInt8]) -> Range<Int>? {
        let offset: Int
        switch datagram.protocol {
        case .tcp: offset = 16
        case .udp: offset = 6
        case .icmp, .icmpV6: offset = 2
        default: return nil
        }
        let start = Int(datagram.transportOffset) + offset
        guard start + 2 <= packet.count else { return nil }
        // A UDP datagram of IPv4 may do without (RFC 768).
        let isLeftOut = datagram.protocol == .udp && datagram.version == .v4 && packet[start..<(start + 2)] == [0, 0]
        return isLeftOut ? nil : start..<(start + 2)
    }

    private static func update(_ room: UnsafeMutableRawBufferPointer, _ datagram: Datagram) {
        var bytes = unsafe room.mutableBytes
        bytes.updateChecksums(of: datagram)
    }
}
