// SPDX-License-Identifier: Apache-2.0

import Hooks
import LiveHost
import Neti
import NetiLinux
import Packet
import Testing

extension RealPackets {
    /// OBSERVING: a tap behind PHYSICAL_IN, LOOPBACK_OUT and PHYSICAL_OUT that can change nothing (R104).
    @Suite struct ObserversSeeWhatPassed {
        private struct Seen: Sendable, Equatable {
            var direction: PacketObservation.Direction?
            var interface: UInt32?
            var payload: [UInt8]?
        }

        /// Notes what observers are shown of UDP datagrams to the port.
        private func observe(_ rig: RouterRig, _ family: NetworkFamily) throws -> Log<Seen> {
            let seen = Log<Seen>()
            try rig.register("observe", on: .observing, of: family) { packet in
                let payload = packet.payload(ofUDPTo: Passage.port)
                if payload != nil {
                    let told = packet.observation
                    seen.note(Seen(direction: told?.direction, interface: told?.interface, payload: payload))
                }
                return .pass
            }
            return seen
        }

        @Test("A forwarded packet is shown inbound and outbound, a local one once (R104)", arguments: NetworkFamily.ip)
        func directions(_ family: NetworkFamily) throws {
            try RouterRig.with { rig in
                let seen = try observe(rig, family)
                let left = try UDPSocket(on: rig.hosts.left, family)
                let router = try UDPSocket(on: rig.hosts.router, family, port: Passage.port)
                let right = try UDPSocket(on: rig.hosts.right, family, port: Passage.port)
                try left.send([1], to: right)
                #expect(try right.receive()?.bytes == [1])
                try left.send([2], to: router)
                #expect(try router.receive()?.bytes == [2])
                try router.send([3], to: right)
                #expect(try right.receive()?.bytes == [3])
                try router.send([4], to: router)
                #expect(try router.receive()?.bytes == [4])
                #expect(
                    seen.entries == [
                        Seen(direction: .inbound, interface: rig.leftIndex, payload: [1]),
                        Seen(direction: .outbound, interface: rig.rightIndex, payload: [1]),
                        Seen(direction: .inbound, interface: rig.leftIndex, payload: [2]),
                        Seen(direction: .outbound, interface: rig.rightIndex, payload: [3]),
                        Seen(direction: .local, interface: RouterRig.loopbackIndex, payload: [4]),
                    ])
            }
        }

        @Test("Length and zones are told, and nothing of it elsewhere (R104)", arguments: NetworkFamily.ip)
        func details(_ family: NetworkFamily) throws {
            try RouterRig.with(configure: { $0.copyRange = 64 }) { rig in
                let observations = Log<PacketObservation?>()
                try rig.register("observe", on: .observing, of: family) { packet in
                    if packet.isUDP(to: Passage.port) { observations.note(packet.observation) }
                    return .pass
                }
                let elsewhere = Log<PacketObservation?>()
                try rig.register("look", on: .forwarding, of: family) { packet in
                    elsewhere.note(packet.observation)
                    return .pass
                }
                let left = try UDPSocket(on: rig.hosts.left, family)
                let right = try UDPSocket(on: rig.hosts.right, family, port: Passage.port)
                try left.send([UInt8](repeating: 1, count: 1000), to: right)
                #expect(try right.receive()?.bytes.count == 1000)
                let told = observations.entries.compactMap(\.self)
                #expect(told.map(\.packetLength) == [Int](repeating: family == .inet ? 1028 : 1048, count: 2))
                let path = "/run/netns/\(rig.hosts.router.name)"
                let inode = try #require(UInt64(Command.run("stat", ["-c", "%i", path]).dropLast()))
                #expect(told.allSatisfy { $0.sourceZone == inode && $0.destinationZone == inode })
                #expect(elsewhere.entries == [nil])
            }
        }

        @Test(
            "Only what passed is shown, as its own hooks left it (R104)",
            arguments: NetworkFamily.ip, [NetworkEvent.physicalIn, .physicalOut, .loopbackOut])
        func onlyWhatPassed(_ family: NetworkFamily, _ event: NetworkEvent) throws {
            try RouterRig.with { rig in
                let passage = Passage(event: event, family: family)
                let seen = try observe(rig, family)
                try rig.register("decide", on: event, of: family) { packet in
                    switch packet.payload(ofUDPTo: Passage.port)?.first {
                    case 1: return .drop
                    case 2: packet.consume()
                    case 3:
                        let end = packet.bytes.byteCount
                        try? packet.flip(end - 2..<end)
                    default: break
                    }
                    return .pass
                }
                let sender = try UDPSocket(on: passage.sender(rig), family)
                let receiver = try UDPSocket(on: passage.receiver(rig), family, port: Passage.port)
                for number in UInt8(1)...4 { try sender.send([number, 0x77], to: receiver) }
                let changed = [PacketEvent.flipped(3), PacketEvent.flipped(0x77)]
                #expect(try receiver.receive()?.bytes == changed)
                #expect(try receiver.receive()?.bytes == [4, 0x77])
                let direction: PacketObservation.Direction =
                    switch event {
                    case .physicalIn: .inbound
                    case .physicalOut: .outbound
                    default: .local
                    }
                let payloads = seen.entries.filter { $0.direction == direction }.map(\.payload)
                #expect(payloads == [changed, [4, 0x77]])
            }
        }

        @Test(
            "What observers return, mark, consume or edit changes nothing; a drop stops later ones (R81, R104)",
            arguments: NetworkFamily.ip)
        func withoutEffect(_ family: NetworkFamily) throws {
            try RouterRig.with { rig in
                let refusals = Log<PacketEvent.EditError?>()
                try rig.register("meddle", on: .observing, of: family, hint: .first) { packet in
                    guard packet.isUDP(to: Passage.port) else { return .pass }
                    packet.mark = 77
                    packet.consume()
                    do throws(PacketEvent.EditError) {
                        try packet.edit { $0.storeBytes(of: 0, toByteOffset: 0, as: UInt8.self) }
                        refusals.note(nil)
                    } catch {
                        refusals.note(error)
                    }
                    return packet.observation?.direction == .inbound ? .drop : .pass
                }
                let later = Log<String>()
                try rig.register("later", on: .observing, of: family) { packet in
                    if packet.isUDP(to: Passage.port), let told = packet.observation {
                        later.note("\(told.direction) \(packet.mark)")
                    }
                    return .pass
                }
                let left = try UDPSocket(on: rig.hosts.left, family)
                let right = try UDPSocket(on: rig.hosts.right, family, port: Passage.port)
                try left.send([1, 2, 3], to: right)
                #expect(try right.receive()?.bytes == [1, 2, 3])
                #expect(refusals.entries == [.readOnly, .readOnly])
                #expect(later.entries == ["outbound 0"])
                let queues = rig.provider.status(of: rig.instance)?.queues ?? []
                #expect(queues.allSatisfy { $0.statistics.edited == 0 && $0.statistics.dropped == 0 })
            }
        }

        @Test("Hits count on OBSERVING and on the events that it shows (R82)", arguments: NetworkFamily.ip)
        func counters(_ family: NetworkFamily) throws {
            try RouterRig.with { rig in
                let seen = try observe(rig, family)
                let left = try UDPSocket(on: rig.hosts.left, family)
                let right = try UDPSocket(on: rig.hosts.right, family, port: Passage.port)
                for number in 0..<5 {
                    try left.send([UInt8(number)], to: right)
                    #expect(try right.receive()?.bytes == [UInt8(number)])
                }
                #expect(seen.entries.count == 10)
                let event = rig.instance.protocolHandle(family).event(.observing)
                let hook = try #require(event.snapshot().first)
                #expect(hook.hits == event.counters.events && hook.hits >= 10)
                #expect(rig.instance.protocolHandle(family).event(.forwarding).counters.events == 0)
            }
        }
    }
}
