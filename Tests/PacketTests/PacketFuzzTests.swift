// SPDX-License-Identifier: Apache-2.0

import Packet
import Testing

/// Debug builds check every load against the length again, so a view that trusts a hostile length dies here.
struct PacketFuzzTests {
    /// Asks everything there is to ask.
    private func touch(_ packet: [UInt8]) -> Bool {
        guard let datagram = try? packet.parsed() else { return false }
        let bytes = unsafe packet.span.bytes
        let transport = datagram.transport(in: bytes)
        var sum = datagram.transportLength + (datagram.isShort ? 1 : 0) + transport.byteCount
        if let view = try? IPv4(bytes) { sum += view.options.byteCount + view.payload.byteCount }
        if let view = try? TCP(transport) { sum += view.options.byteCount + view.payload.byteCount }
        if let view = try? UDP(transport) { sum += view.payload.byteCount }
        if let view = try? ICMP(transport) { sum += view.payload.byteCount }
        sum += Int(datagram.transportChecksum(in: bytes) ?? 0)
        var copy = packet
        try? copy.updateChecksums()
        return copy.count == packet.count && sum >= 0
    }

    @Test(arguments: 0..<4)
    func randomBytes(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var read = 0
        for _ in 0..<20_000 {
            var packet = generator.bytes(Int.random(in: 0...120, using: &generator))
            // Mostly with a plausible version, so that they get beyond the first check.
            if !packet.isEmpty, Int.random(in: 0..<8, using: &generator) > 0 {
                packet[0] = Bool.random(using: &generator) ? 0x40 | packet[0] & 0xF : 0x60 | packet[0] & 0xF
            }
            if touch(packet) { read += 1 }
        }
        #expect(read > 100)
    }

    @Test(arguments: GoldenPacket.allCases)
    func changedGoldenPackets(_ golden: GoldenPacket) {
        var generator = SeededGenerator(seed: 0xF00D)
        var read = 0
        for _ in 0..<8_000 {
            var packet = golden.bytes
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                packet[Int.random(in: 0..<packet.count, using: &generator)] = UInt8(
                    truncatingIfNeeded: generator.next())
            }
            packet.removeLast(Int.random(in: 0...packet.count, using: &generator) / 2)
            if touch(packet) { read += 1 }
        }
        #expect(read > 100)
    }

    /// Chains made of extension headers only, with random lengths and orders.
    @Test func randomExtensionHeaders() {
        var generator = SeededGenerator(seed: 43)
        let kinds: [UInt8] = [0, 43, 44, 51, 60, 135, 6]
        var read = 0
        for _ in 0..<20_000 {
            var packet = Array(GoldenPacket.tcp6.bytes.prefix(40))
            packet[6] = kinds[Int.random(in: 0..<kinds.count, using: &generator)]
            for _ in 0..<Int.random(in: 0...20, using: &generator) {
                var header = generator.bytes(8 * Int.random(in: 1...3, using: &generator))
                header[0] = kinds[Int.random(in: 0..<kinds.count, using: &generator)]
                header[1] = UInt8.random(in: 0...4, using: &generator)
                packet += header
            }
            (packet[4], packet[5]) = (UInt8((packet.count - 40) >> 8), UInt8((packet.count - 40) & 0xFF))
            if touch(packet) { read += 1 }
        }
        #expect(read > 100)
    }
}
