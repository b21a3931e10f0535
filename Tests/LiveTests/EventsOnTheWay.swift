// SPDX-License-Identifier: Apache-2.0

import Hooks
import LiveHost
import Neti
import NetiLinux
import Packet
import Testing

extension RealPackets {
    /// Which events a packet passes on its way, in which order, and what each tells.
    @Suite struct EventsOnTheWay {
        /// Notes every event that a UDP datagram to the port passes.
        private func trace(_ rig: RouterRig, _ family: NetworkFamily) throws -> Log<Told> {
            let told = Log<Told>()
            for event in family.events where event != .observing {
                try rig.register("trace", on: event, of: family) { packet in
                    if packet.isUDP(to: Passage.port) { told.note(Told(packet)) }
                    return .pass
                }
            }
            return told
        }

        @Test(
            "A forwarded packet passes PHYSICAL_IN, FORWARDING, PHYSICAL_OUT, each with its interfaces (R90, R92)",
            arguments: NetworkFamily.ip)
        func forwarded(_ family: NetworkFamily) throws {
            try RouterRig.with { rig in
                let told = try trace(rig, family)
                let hops = Log<UInt8>()
                for event in [NetworkEvent.physicalIn, .forwarding, .physicalOut] {
                    try rig.register("hops", on: event, of: family) { packet in
                        if packet.isUDP(to: Passage.port) {
                            hops.note(packet.bytes.loadByte(at: family == .inet ? 8 : 7))
                        }
                        return .pass
                    }
                }
                let sender = try UDPSocket(on: rig.hosts.left, family)
                let receiver = try UDPSocket(on: rig.hosts.right, family, port: Passage.port)
                try sender.send([1, 2, 3], to: receiver)
                #expect(try receiver.receive()?.bytes == [1, 2, 3])
                #expect(
                    told.entries == [
                        Told(.physicalIn, in: rig.leftIndex, out: 0),
                        Told(.forwarding, in: rig.leftIndex, out: rig.rightIndex),
                        Told(.physicalOut, in: 0, out: rig.rightIndex),
                    ])
                // Where Linux differs: it counts the hop before FORWARDING.
                #expect(hops.entries == [64, 63, 63])
            }
        }

        @Test(
            "A packet to the host passes PHYSICAL_IN only, one from it PHYSICAL_OUT only (R92)",
            arguments: NetworkFamily.ip)
        func toAndFromTheHost(_ family: NetworkFamily) throws {
            try RouterRig.with { rig in
                let told = try trace(rig, family)
                let left = try UDPSocket(on: rig.hosts.left, family, port: Passage.port)
                let router = try UDPSocket(on: rig.hosts.router, family, port: Passage.port)
                try left.send([1], to: router)
                #expect(try router.receive()?.bytes == [1])
                #expect(told.entries == [Told(.physicalIn, in: rig.leftIndex, out: 0)])
                try router.send([2], to: left)
                #expect(try left.receive()?.bytes == [2])
                #expect(told.entries.dropFirst() == [Told(.physicalOut, in: 0, out: rig.leftIndex)])
            }
        }

        @Test(
            "A packet from a host to itself passes LOOPBACK_OUT, then LOOPBACK_IN, and neither physical event (R90, R92)",
            arguments: ["192.0.2.254", "127.0.0.1", "2001:db8::fe", "::1"])
        func local(_ text: String) throws {
            try RouterRig.with { rig in
                let address = try #require(IPAddress(text))
                let told = try trace(rig, address.version == .v4 ? .inet : .inet6)
                let receiver = try UDPSocket(on: rig.hosts.router, at: address, port: Passage.port)
                let sender = try UDPSocket(on: rig.hosts.router, at: address)
                try sender.send([1, 2], to: receiver)
                #expect(try receiver.receive()?.bytes == [1, 2])
                #expect(
                    told.entries == [
                        Told(.loopbackOut, in: 0, out: RouterRig.loopbackIndex),
                        Told(.loopbackIn, in: RouterRig.loopbackIndex, out: 0),
                    ])
            }
        }

        @Test("A packet that address translation turns back to its host at output passes LOOPBACK_IN alone")
        func turnedBack() throws {
            try RouterRig.with { rig in
                try rig.hosts.router.loadRules(
                    """
                    table ip turn { chain c { type nat hook output priority -100; \
                    udp dport \(Passage.port) dnat to \(rig.hosts.router.inet); }; }
                    """)
                let told = try trace(rig, .inet)
                let receiver = try UDPSocket(on: rig.hosts.router, .inet, port: Passage.port)
                let sender = try UDPSocket(on: rig.hosts.router, .inet)
                try sender.socket.send([1, 2], to: SocketAddress(rig.hosts.right.inet, port: Passage.port))
                #expect(try receiver.receive()?.bytes == [1, 2])
                #expect(told.entries == [Told(.loopbackIn, in: RouterRig.loopbackIndex, out: 0)])
            }
        }

        @Test("Fragments are forwarded and seen one by one (R93)", arguments: NetworkFamily.ip)
        func fragments(_ family: NetworkFamily) throws {
            try RouterRig.with { rig in
                let seen = Log<Bool>()
                try rig.register("look", on: .forwarding, of: family) { packet in
                    guard let datagram = packet.datagram, datagram.protocol == .udp else { return .pass }
                    seen.note(datagram.isFragment)
                    return .pass
                }
                let payload = (0..<9000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
                let sender = try UDPSocket(on: rig.hosts.left, family)
                let receiver = try UDPSocket(on: rig.hosts.right, family)
                try sender.send(payload, to: receiver)
                #expect(try receiver.receive()?.bytes == payload)
                #expect(seen.entries == [Bool](repeating: true, count: 7))
            }
        }

        @Test("Loopback events see a large datagram whole (R93)", arguments: NetworkFamily.ip)
        func largeLocal(_ family: NetworkFamily) throws {
            try RouterRig.with { rig in
                let seen = Log<String>()
                for event in [NetworkEvent.loopbackOut, .loopbackIn] {
                    try rig.register("look", on: event, of: family) { packet in
                        guard packet.isUDP(to: Passage.port), let datagram = packet.datagram else { return .pass }
                        seen.note("\(event) \(datagram.isFragment) \(packet.bytes.byteCount > 60_000)")
                        return .pass
                    }
                }
                let payload = (0..<65_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
                let sender = try UDPSocket(on: rig.hosts.router, family)
                let receiver = try UDPSocket(on: rig.hosts.router, family, port: Passage.port)
                try sender.send(payload, to: receiver)
                #expect(try receiver.receive()?.bytes == payload)
                #expect(seen.entries == ["LOOPBACK_OUT false true", "LOOPBACK_IN false true"])
            }
        }
    }
}
