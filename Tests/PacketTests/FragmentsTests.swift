// SPDX-License-Identifier: Apache-2.0

import Packet
import Testing

/// Fragments, put together again by a receiver that knows nothing of how they were made.
struct FragmentsTests {
    private static let v4 = IPHeader(from: GoldenPacket.client4, to: GoldenPacket.server4)
    private static let v6 = IPHeader(from: GoldenPacket.client6, to: GoldenPacket.server6)

    /// All fragments of a packet.
    private static func split(
        _ packet: [UInt8], mtu: Int, identification: UInt32 = 0xDEAD_BEEF
    ) throws(PacketError) -> [[UInt8]] {
        let fragments = try unsafe Fragments(of: packet.span.bytes, mtu: mtu, identification: identification)
        var result: [[UInt8]] = []
        for index in 0..<fragments.count {
            var fragment = [UInt8](repeating: 0xEE, count: fragments.length(of: index))
            var elements = fragment.mutableSpan
            var bytes = unsafe elements.mutableBytes
            try fragments.write(index, into: &bytes)
            result.append(fragment)
        }
        return result
    }

    private static func refusal(_ packet: [UInt8], mtu: Int) -> PacketError? {
        do throws(PacketError) {
            _ = try split(packet, mtu: mtu)
            return nil
        } catch {
            return error
        }
    }

    private static func checksum(of bytes: [UInt8]) -> UInt16 { InternetChecksum.of(unsafe bytes.span.bytes) }

    /// What a receiver makes of fragments, in any order. Fails on gaps, overlaps and what may not be sent.
    private static func assemble(_ fragments: [[UInt8]], mtu: Int) throws -> [UInt8] {
        var pieces: [(offset: Int, data: [UInt8], moreFollow: Bool)] = []
        var headers: [UInt8] = []
        var names: Set<UInt32> = []
        for fragment in fragments {
            try #require(fragment.count <= mtu)
            let bytes = unsafe fragment.span.bytes
            let place: Fragment
            let front: Int
            if fragment[0] >> 4 == 4 {
                let packet = try IPv4(bytes)
                try #require(packet.totalLength == fragment.count)
                try #require(checksum(of: Array(fragment[..<packet.headerLength])) == 0)
                (place, front) = (packet.fragment, packet.headerLength)
            } else {
                let packet = try IPv6(bytes)
                try #require(packet.totalLength == fragment.count)
                var chain = packet.extensionHeaders
                var last: ExtensionHeader?
                while last?.protocol != .fragment, let header = try chain.next() { last = header }
                let header = try #require(last)
                try #require(header.protocol == .fragment && fragment[header.offset + 1] == 0)
                (place, front) = (chain.fragment, header.offset + 8)
            }
            names.insert(place.identification)
            pieces.append((Int(place.offset), Array(fragment[front...]), place.moreFollow))
            if place.offset == 0 { headers = Array(fragment[..<front]) }
        }
        try #require(names.count == 1 && names.first != 0)
        pieces.sort { $0.offset < $1.offset }
        var data: [UInt8] = []
        for (number, piece) in pieces.enumerated() {
            try #require(piece.offset == data.count)
            try #require(piece.moreFollow == (number < pieces.count - 1))
            try #require(!piece.moreFollow || (piece.data.count % 8 == 0 && !piece.data.isEmpty))
            data += piece.data
        }
        return try whole(headers, data)
    }

    /// A packet of the first fragment's headers and all data.
    private static func whole(_ headers: [UInt8], _ data: [UInt8]) throws -> [UInt8] {
        var packet = headers
        if packet[0] >> 4 == 4 {
            packet += data
            (packet[2], packet[3]) = (UInt8(packet.count >> 8), UInt8(packet.count & 0xFF))
            (packet[6], packet[7], packet[10], packet[11]) = (0, 0, 0, 0)
            let checksum = checksum(of: Array(packet[..<headers.count]))
            (packet[10], packet[11]) = (UInt8(checksum >> 8), UInt8(checksum & 0xFF))
        } else {
            let next = packet[packet.count - 8]
            packet.removeLast(8)
            var link = 6
            var end = 40
            while end < packet.count {
                link = end
                end += (Int(packet[end + 1]) + 1) * 8
            }
            packet[link] = next
            packet += data
            let length = packet.count - 40
            (packet[4], packet[5]) = (UInt8(length >> 8), UInt8(length & 0xFF))
        }
        return packet
    }

    private static func datagram(_ header: IPHeader, length: Int, seed: UInt64 = 1) throws -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        let front = try header.packet(.udp(from: 1, to: 2)).count
        return try header.packet(.udp(from: 1, to: 2), payload: generator.bytes(length - front))
    }

    @Test("Every MTU of IPv4 gives the packet back", arguments: [69, 1_400, 1_501, 3_028])
    func everyMTUv4(length: Int) throws {
        var header = Self.v4
        header.fragment = Fragment(identification: 0x1234, offset: 0, moreFollow: false)
        let packet = try Self.datagram(header, length: length)
        for mtu in 68..<length {
            let fragments = try Self.split(packet, mtu: mtu)
            #expect(fragments.count == (length - 20 + (mtu - 20) / 8 * 8 - 1) / ((mtu - 20) / 8 * 8))
            #expect(try Self.assemble(fragments.reversed(), mtu: mtu) == packet, "MTU \(mtu)")
        }
    }

    @Test("Every MTU of IPv6 gives the packet back", arguments: [1_281, 1_501, 3_048])
    func everyMTUv6(length: Int) throws {
        let packet = try Self.datagram(Self.v6, length: length)
        for mtu in 1_280..<length {
            let fragments = try Self.split(packet, mtu: mtu)
            #expect(fragments.count == (length - 40 + (mtu - 48) / 8 * 8 - 1) / ((mtu - 48) / 8 * 8))
            #expect(try Self.assemble(fragments.reversed(), mtu: mtu) == packet, "MTU \(mtu)")
        }
    }

    @Test("The longest packets are split, too")
    func longest() throws {
        var header = Self.v4
        header.fragment = Fragment(identification: 1, offset: 0, moreFollow: false)
        for (header, mtus) in [(header, [68, 576, 1_500, 65_534]), (Self.v6, [1_280, 1_500, 65_534])] {
            let packet = try Self.datagram(header, length: 65_535)
            for mtu in mtus { #expect(try Self.assemble(Self.split(packet, mtu: mtu), mtu: mtu) == packet) }
        }
    }

    @Test("What fits stays as it is, also where fragmenting is forbidden")
    func fits() throws {
        for golden in GoldenPacket.allCases {
            #expect(try Self.split(golden.bytes, mtu: golden.bytes.count) == [golden.bytes])
        }
    }

    @Test("The identification is the packet's own if it has one, and never 0 in IPv4")
    func identification() throws {
        func names(_ own: UInt32, _ random: UInt32) throws -> Set<[UInt8]> {
            var header = Self.v4
            header.fragment = Fragment(identification: own, offset: 0, moreFollow: false)
            let fragments = try Self.split(Self.datagram(header, length: 1_000), mtu: 500, identification: random)
            return Set(fragments.map { Array($0[4..<6]) })
        }
        #expect(try names(0xABCD, 0x1111_2222) == [[0xAB, 0xCD]])
        #expect(try names(0, 0x1111_2222) == [[0x22, 0x22]])
        #expect(try names(0, 0x1111_0000) == [[0, 1]])
        let fragments = try Self.split(Self.datagram(Self.v6, length: 2_000), mtu: 1_280, identification: 0x0102_0304)
        #expect(fragments.allSatisfy { $0[44..<48] == [1, 2, 3, 4] } && fragments.count == 2)
    }

    @Test("Later fragments have the options whose copy bit is set, and no others")
    func options() throws {
        var header = Self.v4
        // Record route isn't copied, no-operation neither; security and loose source route are.
        header.options = [1, 7, 7, 4, 0, 0, 0, 0, 0x82, 5, 9, 9, 9, 1, 0x83, 3, 4, 0]
        let packet = try Self.datagram(header, length: 500)
        let fragments = try Self.split(packet, mtu: 200)
        #expect(fragments.count == 3)
        #expect(fragments[0][20..<40] == packet[20..<40])
        for fragment in fragments.dropFirst() {
            #expect(fragment[0] == 0x47)
            #expect(fragment[20..<28] == [0x82, 5, 9, 9, 9, 0x83, 3, 4])
        }
        #expect(try Self.assemble(fragments, mtu: 200).dropFirst(12) == packet.dropFirst(12))
    }

    @Test("A fragment's fragments keep its place, its flag and what comes behind")
    func fragmentsOfFragments() throws {
        var header = Self.v4
        header.fragment = Fragment(identification: 0x77, offset: 2_960, moreFollow: true)
        let data = [UInt8](repeating: 1, count: 1_480)
        let middle = try Self.split(header.packet(.none(.udp), payload: data), mtu: 1_000).map { fragment in
            try unsafe IPv4(fragment.span.bytes).fragment
        }
        #expect(
            middle == [2_960, 3_936].map { Fragment(identification: 0x77, offset: $0, moreFollow: true) })
        header.fragment = Fragment(identification: 0x77, offset: 2_960, moreFollow: false)
        let last = try Self.split(header.packet(.none(.udp), payload: data), mtu: 1_000).map { fragment in
            try unsafe IPv4(fragment.span.bytes).fragment.moreFollow
        }
        #expect(last == [true, false])
    }

    @Test("Headers that routers read stand before the fragment header, the others behind")
    func chain() throws {
        var header = Self.v6
        let final = [UInt8](hexadecimal: "20010db8ffff00000000000000000009")
        header.extensionHeaders = [
            .init(.hopByHop, bytes: [5, 2, 0, 0, 1, 0]),
            .init(.destinationOptions, bytes: [1, 12] + [UInt8](repeating: 0, count: 12)),
            .init(.routing, bytes: [4, 1, 0, 0, 0, 0] + final),
            .init(.destinationOptions, bytes: [1, 4, 0, 0, 0, 0]),
        ]
        let packet = try Self.datagram(header, length: 3_000)
        let fragments = try Self.split(packet, mtu: 1_300)
        #expect(fragments.count == 3)
        for fragment in fragments {
            #expect(fragment[6..<40].elementsEqual(packet[6..<40]))
            #expect(fragment[40..<88].dropFirst(24).dropFirst() == packet[40..<88].dropFirst(24).dropFirst())
            // Next header of the routing header, and of the fragment header.
            #expect(fragment[64] == 44 && fragment[88] == 60)
        }
        #expect(try Self.assemble(fragments, mtu: 1_300) == packet)

        header.extensionHeaders.removeAll { $0.protocol != .destinationOptions }
        let plain = try Self.datagram(header, length: 3_000)
        #expect(try Self.split(plain, mtu: 1_300).allSatisfy { $0[6] == 44 && $0[40] == 60 })
        #expect(try Self.assemble(Self.split(plain, mtu: 1_300), mtu: 1_300) == plain)
    }

    @Test("What can't be split is refused")
    func refused() throws {
        var header = Self.v4
        header.isFragmentingForbidden = true
        #expect(try Self.refusal(Self.datagram(header, length: 1_000), mtu: 999) == .tooLong)
        header = Self.v4
        let packet = try Self.datagram(header, length: 1_000)
        #expect(Self.refusal(packet, mtu: 27) == .tooLong)
        #expect(Self.refusal(packet, mtu: 28) == nil)
        for mtu in [Int.min / 2, -1, 0] { #expect(Self.refusal(packet, mtu: mtu) == .tooLong) }
        #expect(Self.refusal(Array(packet.dropLast()), mtu: 500) == .truncated)
        #expect(Self.refusal([], mtu: 500) == .truncated)
        #expect(Self.refusal([0x50] + packet.dropFirst(), mtu: 500) == .version)
        for options in [[0x82, 1], [0x82, 9], [1, 1, 1, 0x82]] as [[UInt8]] {
            header.options = options
            #expect(try Self.refusal(Self.datagram(header, length: 1_000), mtu: 500) == .tooLong)
        }
        // Places beyond the last that 13 bits can tell.
        header = Self.v4
        header.fragment = Fragment(identification: 1, offset: 65_000, moreFollow: false)
        let beyond = try header.packet(.none(.udp), payload: [UInt8](repeating: 0, count: 1_000))
        #expect(Self.refusal(beyond, mtu: 500) == .tooLong)
        header = Self.v6
        header.fragment = Fragment(identification: 1, offset: 0, moreFollow: false)
        #expect(try Self.refusal(Self.datagram(header, length: 2_000), mtu: 1_500) == .tooLong)
        // Headers that leave a first fragment no room.
        header = Self.v6
        header.extensionHeaders = [.init(.destinationOptions, bytes: [UInt8](repeating: 0, count: 1_206))]
        #expect(try Self.refusal(Self.datagram(header, length: 2_000), mtu: 1_280) == .tooLong)
        header.extensionHeaders = [.init(.hopByHop, bytes: [UInt8](repeating: 0, count: 1_230))]
        #expect(try Self.refusal(Self.datagram(header, length: 2_000), mtu: 1_280) == .tooLong)
    }

    @Test("Too few bytes to write to are left alone")
    func room() throws {
        let packet = try Self.datagram(Self.v4, length: 1_000)
        let fragments = try unsafe Fragments(of: packet.span.bytes, mtu: 500, identification: 1)
        var room = [UInt8](repeating: 7, count: fragments.length(of: 0) - 1)
        var elements = room.mutableSpan
        var bytes = unsafe elements.mutableBytes
        var refusal: PacketError?
        do throws(PacketError) {
            try fragments.write(0, into: &bytes)
        } catch {
            refusal = error
        }
        #expect(refusal == .tooLong)
        #expect(room == [UInt8](repeating: 7, count: 499))
    }

    @Test("Hostile headers are refused or split, and never read or written beyond", arguments: 0..<4)
    func hostile(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var split = 0
        for _ in 0..<3_000 {
            let golden = try #require(GoldenPacket.allCases.randomElement(using: &generator))
            var packet = golden.bytes + generator.bytes(Int.random(in: 0...300, using: &generator))
            for _ in 0..<Int.random(in: 0...6, using: &generator) {
                let place = Int.random(in: 0..<min(packet.count, 80), using: &generator)
                packet[place] = UInt8(truncatingIfNeeded: generator.next())
            }
            let length = golden.isV6 ? packet.count - 40 : packet.count
            let place = golden.isV6 ? 4 : 2
            (packet[place], packet[place + 1]) = (UInt8(length >> 8), UInt8(length & 0xFF))
            let mtu = Int.random(in: 20...packet.count, using: &generator)
            guard let fragments = try? Self.split(packet, mtu: mtu), fragments.count > 1 else { continue }
            split += 1
            #expect(fragments.allSatisfy { $0.count <= mtu })
        }
        #expect(split > 100)
    }
}
