// SPDX-License-Identifier: Apache-2.0

import Hooks
import LiveHost
import Neti
import NetiLinux
import Packet
import Testing

extension RealPackets {
    /// Packets larger than the cable takes: segments that come in batches of up to 64 KiB, and fragments.
    @Suite struct SegmentBatches {
        private static let mtu = 1500

        /// How a stream crosses: family, direction, whether the queue takes batches, whether a hook changes it.
        struct Stream: Sendable, CustomTestStringConvertible {
            let crossing: Crossing
            let isBatched: Bool
            let isChanged: Bool

            var testDescription: String {
                "\(crossing.testDescription) \(isBatched ? "batches" : "single") \(isChanged ? "changed" : "unchanged")"
            }

            static let all = Crossing.every(.tcp).flatMap { crossing in
                [(true, true), (true, false), (false, true)].map {
                    Stream(crossing: crossing, isBatched: $0, isChanged: $1)
                }
            }
        }

        @Test("A stream arrives whole, unchanged or changed, in batches or not (R96)", arguments: Stream.all)
        func stream(_ stream: Stream) throws {
            try Rig.with(configure: { $0.gso = stream.isBatched }) { rig in
                let crossing = stream.crossing
                let batches = Count()
                let large = Count()
                try rig.register("look", on: crossing.event, of: crossing.family, hint: .first) { packet in
                    if packet.metadata.isSegmentBatch { batches.raise() }
                    if packet.bytes.byteCount > Self.mtu { large.raise() }
                    return .pass
                }
                if stream.isChanged {
                    try rig.register("flip", on: crossing.event, of: crossing.family) { packet in
                        if let payload = crossing.payload(of: &packet) { try? packet.flip(payload) }
                        return .pass
                    }
                }
                let payload = (0..<3_000_000).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
                let talk = try Conversation(over: crossing, between: rig.hosts)
                let arrived = try talk.carry(payload)
                #expect(arrived.count == payload.count)
                #expect(arrived == (stream.isChanged ? payload.map(PacketEvent.flipped) : payload))
                if stream.isBatched {
                    #expect(batches.current > 10)
                    #expect(large.current > 10)
                } else {
                    #expect(large.current == 0)
                }
                for host in [rig.left, rig.right] { #expect(try ChecksumErrors(of: host) == ChecksumErrors()) }
            }
        }

        @Test(
            "A sender that cuts its segments itself reaches the hook with single ones",
            arguments: NetworkFamily.ip)
        func singleSegments(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                try rig.left.setSegmentation(false)
                let longest = Log<Int>()
                try rig.register("look", on: .physicalIn, of: family) { packet in
                    longest.note(packet.bytes.byteCount)
                    return .pass
                }
                let payload = [UInt8](repeating: 5, count: 300_000)
                let talk = try Conversation(
                    over: Crossing(transport: .tcp, family: family, event: .physicalIn), between: rig.hosts)
                #expect(try talk.carry(payload) == payload)
                #expect(longest.entries.max() == Self.mtu)
            }
        }

        @Test("Hooks see arriving fragments one by one (R93)", arguments: NetworkFamily.ip)
        func fragmentsIn(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let lengths = Log<Int>()
                let fragments = Count()
                try rig.register("look", on: .physicalIn, of: family) { packet in
                    guard let datagram = packet.datagram, datagram.protocol == .udp else { return .pass }
                    lengths.note(packet.bytes.byteCount)
                    if datagram.isFragment { fragments.raise() }
                    return .pass
                }
                let payload = (0..<65_507).map { UInt8(truncatingIfNeeded: $0 &* 7) }
                let sender = try UDPSocket(on: rig.left, family)
                let receiver = try UDPSocket(on: rig.right, family)
                try sender.send(payload, to: receiver)
                #expect(try receiver.receive()?.bytes == payload)
                #expect(lengths.entries.count == fragments.current)
                #expect(fragments.current >= payload.count / Self.mtu)
                #expect(lengths.entries.allSatisfy { $0 <= Self.mtu })
            }
        }

        @Test("One fragment that is dropped takes its datagram with it (R93)", arguments: NetworkFamily.ip)
        func fragmentDropped(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let dropped = Count()
                try rig.register("drop", on: .physicalIn, of: family) { packet in
                    guard let datagram = packet.datagram, datagram.fragment.offset > 1000, dropped.current == 0 else {
                        return .pass
                    }
                    dropped.raise()
                    return .drop
                }
                let sender = try UDPSocket(on: rig.left, family)
                let receiver = try UDPSocket(on: rig.right, family)
                try sender.send([UInt8](repeating: 1, count: 9000), to: receiver)
                try sender.send([2, 2], to: receiver)
                #expect(try receiver.receive()?.bytes == [2, 2])
                #expect(dropped.current == 1)
            }
        }

        @Test("What leaves is seen before it is fragmented; too large for the kernel's copy, it passes uneditable")
        func oversizedOut() throws {
            try Rig.with { rig in
                let seen = Log<String>()
                try rig.register("edit", on: .physicalOut, of: .inet) { packet in
                    guard packet.isUDP(to: Crossing.port) else { return .pass }
                    do throws(PacketEvent.EditError) {
                        let last = packet.metadata.length - 1
                        try packet.edit { $0.storeBytes(of: 9, toByteOffset: last, as: UInt8.self) }
                        seen.note("\(packet.metadata.length) edited")
                    } catch {
                        seen.note("\(packet.metadata.length) \(error)")
                    }
                    return .pass
                }
                let sender = try UDPSocket(on: rig.right, .inet)
                let receiver = try UDPSocket(on: rig.left, .inet, port: Crossing.port)
                var payload = [UInt8](repeating: 3, count: 65_507)
                try sender.send(payload, to: receiver)
                #expect(try receiver.receive()?.bytes == payload)
                payload = [UInt8](repeating: 3, count: 65_503)
                try sender.send(payload, to: receiver)
                payload[65_502] = 9
                #expect(try receiver.receive()?.bytes == payload)
                #expect(seen.entries == ["65535 cut", "65531 edited"])
                #expect(try ChecksumErrors(of: rig.left) == ChecksumErrors())
            }
        }
    }
}
