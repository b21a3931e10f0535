// SPDX-License-Identifier: Apache-2.0

/// Where the headers of a packet say how long something is (RFC 791, RFC 8200, RFC 9293, RFC 768).
enum PacketLengths {
    /// Lengths, offsets and numbers of next headers, as far as the headers make sense.
    static func fields(of packet: [UInt8]) -> [LengthField] {
        guard let first = packet.first else { return [] }
        let version = LengthField(offset: 0, width: 1, order: .network, mask: 0xF0)
        switch first >> 4 {
        case 4:
            let header = LengthField(offset: 0, width: 1, order: .network, mask: 0x0F)
            let transport = Int(header.load(packet)) * 4
            return [version, header, field(2, 2), field(6, 2), field(9, 1)]
                + transportFields(packet.count > 9 ? packet[9] : 0, at: transport)
        case 6:
            var fields = [version, field(4, 2), field(6, 1)]
            var next = packet.count > 6 ? packet[6] : 59
            var place = 40
            while [0, 43, 44, 51, 60].contains(next), place + 8 <= packet.count, fields.count < 40 {
                // Next header, length, and what routing and fragment headers have behind them.
                fields += [field(place, 1), field(place + 1, 1), field(place + 2, 2), field(place + 3, 1)]
                let length = Int(packet[place + 1])
                let step = next == 44 ? 8 : next == 51 ? (length + 2) * 4 : (length + 1) * 8
                next = packet[place]
                place += step
            }
            return fields + transportFields(next, at: place)
        default: return [version]
        }
    }

    /// Makes the IP header's length that of the packet.
    static func repair(_ packet: inout [UInt8]) {
        guard packet.count >= 20, let first = packet.first else { return }
        switch first >> 4 {
        case 4: field(2, 2).store(UInt32(clamping: packet.count), into: &packet)
        case 6: field(4, 2).store(UInt32(clamping: packet.count - 40), into: &packet)
        default: break
        }
    }

    private static func transportFields(_ number: UInt8, at offset: Int) -> [LengthField] {
        switch number {
        case 6: [LengthField(offset: offset + 12, width: 1, order: .network, mask: 0xF0), field(offset + 16, 2)]
        case 17: [field(offset + 4, 2), field(offset + 6, 2)]
        default: []
        }
    }

    private static func field(_ offset: Int, _ width: Int) -> LengthField {
        LengthField(offset: offset, width: width, order: .network)
    }
}
