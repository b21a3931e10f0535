// SPDX-License-Identifier: Apache-2.0

import Hooks
import LiveHost
import Neti
import NetiLinux
import Packet
import Testing

extension RealPackets {
    /// What hooks do to a packet holds at each of the five events (R95 to R102, checklist 20).
    @Suite struct VerdictsAtEveryEvent {
        /// Something that a hook does to a UDP datagram with a payload of ten bytes.
        enum Deed: String, CaseIterable, Sendable {
            case drop, consume, consumeAndDrop, change, grow, shrink, replace, redirect

            static let payload = Array("0123456789".utf8)
            static let otherPort = Passage.port + 1

            /// What arrives in place of ``payload``; nil where nothing does.
            var outcome: [UInt8]? {
                switch self {
                case .drop, .consume, .consumeAndDrop: nil
                case .change: Self.payload.map(PacketEvent.flipped)
                case .grow: Self.payload + [UInt8](repeating: 0x6E, count: 700)
                case .shrink: Array(Self.payload.prefix(3))
                case .replace: Array("another one".utf8)
                case .redirect: Self.payload
                }
            }

            func hook(_ packet: inout PacketEvent) -> HookResult {
                guard let datagram = packet.datagram else { return .pass }
                let start = Int(datagram.transportOffset) + UDP.headerLength
                let payload = start..<Int(datagram.capturedLength)
                switch self {
                case .drop: return .drop
                case .consume: packet.consume()
                case .consumeAndDrop:
                    packet.consume()
                    return .drop
                case .change: try? packet.flip(payload)
                case .grow: try? packet.resizeDatagram(payload, to: payload.count + 700, filling: 0x6E)
                case .shrink: try? packet.resizeDatagram(payload, to: 3, filling: 0)
                case .replace: replace(&packet, datagram)
                case .redirect:
                    try? packet.edit { bytes in
                        bytes.storeBytes(
                            of: Self.otherPort.bigEndian, toByteOffset: start - UDP.headerLength + 2, as: UInt16.self)
                    }
                }
                return .pass
            }

            private func replace(_ packet: inout PacketEvent, _ datagram: Datagram) {
                guard let port = datagram.udp(in: packet.bytes)?.sourcePort,
                    let other = try? IPHeader(from: datagram.source, to: datagram.destination)
                        .packet(.udp(from: port, to: Passage.port), payload: Array("another one".utf8))
                else { return }
                unsafe try? packet.replace(with: other.span.bytes)
            }
        }

        @Test("What a hook does to a packet is what arrives", arguments: Passage.all, Deed.allCases)
        func deeds(_ passage: Passage, _ deed: Deed) throws {
            try RouterRig.with { rig in
                let seen = Count()
                let later = Log<Int>()
                try rig.register("do", on: passage.event, of: passage.family) { packet in
                    guard packet.isUDP(to: Passage.port), seen.raise() == 1 else { return .pass }
                    return deed.hook(&packet)
                }
                try rig.register("later", on: passage.event, of: passage.family, hint: .after("do")) { packet in
                    let isConsumed = packet.bytes.byteCount == 0
                    let isOurs = packet.isUDP(to: Passage.port) || packet.isUDP(to: Deed.otherPort)
                    if isConsumed || isOurs { later.note(packet.bytes.byteCount) }
                    return .pass
                }
                let sender = try UDPSocket(on: passage.sender(rig), passage.family)
                let receiver = try UDPSocket(on: passage.receiver(rig), passage.family, port: Passage.port)
                let other = try UDPSocket(on: passage.receiver(rig), passage.family, port: Deed.otherPort)
                try sender.send(Deed.payload, to: receiver)
                if deed == .redirect { #expect(try other.receive()?.bytes == Deed.payload) }
                try sender.send([9], to: receiver)
                var arrived: [[UInt8]] = []
                while arrived.last != [9], let next = try receiver.receive() { arrived.append(next.bytes) }
                #expect(arrived == (deed == .redirect ? [] : deed.outcome.map { [$0] } ?? []) + [[9]])
                #expect(try rig.checksumErrors().allSatisfy { $0 == ChecksumErrors() })
                // A later hook sees a consumed packet without bytes (R97) and a dropped one not at all (R95).
                switch deed {
                case .drop, .consumeAndDrop: #expect(later.entries.count == 1)
                case .consume: #expect(later.entries.count == 2 && later.entries.first == 0)
                default: #expect(later.entries.count == 2 && later.entries.first != 0)
                }
            }
        }

        @Test(
            "A stream arrives whole through a hook that changes every byte, in batches or not",
            arguments: Passage.all, [true, false])
        func stream(_ passage: Passage, _ isBatched: Bool) throws {
            try RouterRig.with(configure: { $0.gso = isBatched }) { rig in
                // By default the packets there are longer than the kernel can hand over.
                try rig.hosts.router.ip("link", "set", "lo", "mtu", "16000")
                let batches = Count()
                let crossing = Crossing(transport: .tcp, family: passage.family, event: passage.event)
                try rig.register("flip", on: passage.event, of: passage.family) { packet in
                    guard let payload = crossing.payload(of: &packet) else { return .pass }
                    if packet.metadata.isSegmentBatch { batches.raise() }
                    try? packet.flip(payload)
                    return .pass
                }
                let listener = try TCPListener(on: passage.receiver(rig), passage.family, port: Crossing.port)
                let client = try TCPConnection(from: passage.sender(rig), to: listener.address)
                let server = try #require(try listener.accept())
                let payload = (0..<1_000_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
                let arrived = try client.carry(payload, to: server)
                let wanted = payload.map(PacketEvent.flipped)
                let firstWrong = zip(arrived, wanted).enumerated().first { $0.element.0 != $0.element.1 }?.offset
                #expect(arrived.count == payload.count && firstWrong == nil, "\(firstWrong ?? -1)")
                #expect(isBatched ? batches.current > 0 : batches.current == 0)
                #expect(try rig.checksumErrors().allSatisfy { $0 == ChecksumErrors() })
            }
        }

        @Test(
            "Of the longest packets on lo hooks see the headers and 65,531 bytes, and can't change them",
            arguments: NetworkFamily.ip)
        func longestPackets(_ family: NetworkFamily) throws {
            try RouterRig.with { rig in
                let carried = Log<Int>()
                let refused = Log<Int>()
                let crossing = Crossing(transport: .tcp, family: family, event: .loopbackOut)
                try rig.register("flip", on: .loopbackOut, of: family) { packet in
                    guard let payload = crossing.payload(of: &packet) else { return .pass }
                    let headers = payload.lowerBound
                    carried.note(packet.metadata.length - headers)
                    guard packet.metadata.length > 65_531 else { return .pass }
                    do throws(PacketEvent.EditError) {
                        try packet.flip(payload)
                    } catch {
                        if error == .cut, packet.bytes.byteCount == 65_531 { refused.note(packet.metadata.length) }
                    }
                    return .pass
                }
                let listener = try TCPListener(on: rig.hosts.router, family, port: Crossing.port)
                let client = try TCPConnection(from: rig.hosts.router, to: listener.address)
                let server = try #require(try listener.accept())
                let payload = (0..<3_000_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
                #expect(try client.carry(payload, to: server) == payload)
                // No packet of the stream was unreadable, not even those longer than their headers can say.
                #expect(carried.entries.reduce(0, +) >= payload.count)
                #expect(!refused.entries.isEmpty)
            }
        }
    }
}
