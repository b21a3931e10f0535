// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import LiveHost
import Neti
import NetiLinux
import Packet
import Testing

extension RealPackets {
    /// NI_QUEUE_IN on every kind of interface: where the packet is seen, and what is told of it there.
    @Suite struct PacketsComeIn {
        private static let port: UInt16 = 7777

        private struct Told: Sendable, Equatable {
            var event: NetworkEvent
            var interface: UInt32
            var injections: Int
            var flags: PacketFlags = []
            /// Of the link-layer source.
            var length: UInt8 = 0
        }

        /// Notes what events tell of UDP packets to the port.
        private static func listen(_ rig: Rig, _ family: NetworkFamily) throws -> Log<Told> {
            let told = Log<Told>()
            for event in [NetworkEvent.physicalIn, .loopbackIn] {
                try rig.register("look", on: event, of: family) { packet in
                    if packet.isUDP(to: port) {
                        told.note(
                            Told(
                                event: packet.event, interface: packet.inInterface, injections: packet.injections,
                                flags: packet.flags, length: packet.metadata.linkLayerSourceLength))
                    }
                    return .pass
                }
            }
            return told
        }

        private static func packet(
            _ rig: Rig, _ family: NetworkFamily, to destination: IPAddress? = nil, number: UInt8 = 0
        ) throws -> [UInt8] {
            try IPHeader(from: rig.left.address(family), to: destination ?? rig.right.address(family))
                .packet(.udp(from: 9, to: port), payload: [number])
        }

        @Test("On loopback a packet passes LOOPBACK_IN", arguments: NetworkFamily.ip)
        func loopback(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let told = try Self.listen(rig, family)
                let receiver = try UDPSocket(on: rig.right, family, port: Self.port)
                try rig.instance.protocolHandle(family).inject(.queueIn, Self.packet(rig, family), interface: 1)
                #expect(try receiver.receive()?.bytes == [0])
                #expect(told.entries == [Told(event: .loopbackIn, interface: 1, injections: 1)])
            }
        }

        @Test("On tun, which brings no address back, packets are known by their bytes", arguments: NetworkFamily.ip)
        func tun(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let device = try TunDevice("tun0", on: rig.right)
                let index = try rig.interface(up: "tun0")
                let told = try Self.listen(rig, family)
                let receiver = try UDPSocket(on: rig.right, family, port: Self.port)
                let handle = rig.instance.protocolHandle(family)
                let packet = try Self.packet(rig, family)
                func expect(_ injections: Int) throws {
                    #expect(try receiver.receive()?.bytes == [0])
                    #expect(told.entries.last == Told(event: .physicalIn, interface: index, injections: injections))
                }
                // Somebody else's, then ours, then somebody else's again, all the same bytes.
                try device.send(packet)
                try expect(0)
                for _ in 0..<2 {
                    try handle.inject(.queueIn, packet, interface: index)
                    try expect(1)
                }
                try device.send(packet)
                try expect(0)
                // And others meanwhile.
                try handle.inject(.queueIn, packet, interface: index)
                try device.send(Self.packet(rig, family, number: 1))
                let last = try [receiver.receive(), receiver.receive()].compactMap { $0?.bytes.first }
                #expect(last.sorted() == [0, 1])
                #expect(told.entries.suffix(2).map(\.injections).sorted() == [0, 1])
                #expect(Deadline(.seconds(3)).sees { rig.injected("delivered_in") == 3 })
            }
        }

        @Test("At a port of a bridge packets are received by the bridge, which learns nothing of them")
        func bridgePort() throws {
            try Rig.with { rig in
                try rig.right.batch(
                    """
                    link add br0 type bridge
                    link add e0 type veth peer name e1
                    link set e0 master br0
                    address add 198.51.100.1/24 dev br0
                    link set br0 up
                    link set e0 up
                    link set e1 up
                    """)
                let (port, bridge) = try (rig.interface(up: "e0"), rig.interface(up: "br0"))
                let told = try Self.listen(rig, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Self.port)
                #expect(Deadline(.seconds(5)).sees { (try? Self.state(of: "e0", rig)) == "forwarding" })
                let handle = rig.instance.protocolHandle(.inet)
                for number in 0..<50 as Range<UInt8> {
                    try handle.inject(.queueIn, Self.packet(rig, .inet, number: number), interface: port)
                }
                for number in 0..<50 as Range<UInt8> { #expect(try receiver.receive()?.bytes == [number]) }
                #expect(told.entries.map(\.injections) == [Int](repeating: 1, count: 50))
                #expect(told.entries.allSatisfy { $0.interface == bridge })
                let learned = try rig.right.execute("bridge", "fdb", "show", "dynamic")
                #expect(learned.split(separator: "\n").count <= 2, "\(learned)")
            }
        }

        private static func state(of name: String, _ rig: Rig) throws -> String? {
            let words = try rig.right.execute("bridge", "link", "show", "dev", name).split(separator: " ")
            return words.firstIndex(of: "state").map { String(words[$0 + 1]) }
        }

        /// A destination and what the link layer makes of it.
        struct Target: Sendable, CustomTestStringConvertible {
            let address: String
            let flags: PacketFlags
            var testDescription: String { address }
            var family: NetworkFamily { address.contains(":") ? .inet6 : .inet }
        }

        static let targets = [
            Target(address: "192.0.2.2", flags: []), Target(address: "224.0.0.1", flags: .multicast),
            Target(address: "239.255.1.2", flags: .multicast), Target(address: "192.0.2.255", flags: .broadcast),
            Target(address: "255.255.255.255", flags: .broadcast), Target(address: "192.0.2.254", flags: []),
            Target(address: "2001:db8::2", flags: []), Target(address: "ff02::1", flags: .multicast),
        ]

        @Test("Multicasts and broadcasts are told as such (R89, R91, R144)", arguments: targets)
        func linkLayerDestinations(_ target: Target) throws {
            try Rig.with { rig in
                let destination = try #require(IPAddress(target.address))
                let handle = rig.instance.protocolHandle(target.family)
                let interface = try rig.interface()
                let told = try Self.listen(rig, target.family)
                try handle.inject(
                    .queueIn, Self.packet(rig, target.family, to: destination), interface: interface)
                #expect(Deadline(.seconds(5)).sees { !told.entries.isEmpty })
                #expect(
                    told.entries == [
                        Told(event: .physicalIn, interface: interface, injections: 1, flags: target.flags)
                    ])
            }
        }

        @Test("A network that is new has a broadcast address from the next packet on (R144)")
        func newNetwork() throws {
            try Rig.with { rig in
                let handle = rig.instance.protocolHandle(.inet)
                let interface = try rig.interface()
                let told = try Self.listen(rig, .inet)
                let destination = try #require(IPAddress("198.51.100.255"))
                try handle.inject(.queueIn, Self.packet(rig, .inet, to: destination), interface: interface)
                #expect(Deadline(.seconds(5)).sees { told.entries.count == 1 })
                try rig.right.ip("address", "add", "198.51.100.2/24", "broadcast", "+", "dev", Host.interface)
                #expect(
                    Deadline(.seconds(3)).sees { handle.addresses(of: interface, logical: 2)?.broadcast == destination }
                )
                try handle.inject(.queueIn, Self.packet(rig, .inet, to: destination), interface: interface)
                #expect(Deadline(.seconds(5)).sees { told.entries.count == 2 })
                #expect(told.entries.map(\.flags) == [[], .broadcast])
            }
        }

        @Test("A forwarded packet is known until it leaves", arguments: NetworkFamily.ip)
        func forwarded(_ family: NetworkFamily) throws {
            try RouterRig.with { rig in
                let told = Log<Told>()
                for event in [NetworkEvent.physicalIn, .forwarding, .physicalOut] {
                    try rig.register("look", on: event, of: family) { packet in
                        if packet.isUDP(to: Self.port) {
                            told.note(
                                Told(event: packet.event, interface: packet.inInterface, injections: packet.injections))
                        }
                        return .pass
                    }
                }
                let receiver = try UDPSocket(on: rig.hosts.right, family, port: Self.port)
                let packet = try IPHeader(
                    from: rig.hosts.left.address(family), to: rig.hosts.right.address(family)
                ).packet(.udp(from: 9, to: Self.port), payload: [5])
                try rig.instance.protocolHandle(family).inject(.queueIn, packet, interface: rig.leftIndex)
                let received = try receiver.receive()
                #expect(received?.bytes == [5] && received?.hopLimit == 63)
                #expect(
                    told.entries == [
                        Told(event: .physicalIn, interface: rig.leftIndex, injections: 1),
                        Told(event: .forwarding, interface: rig.leftIndex, injections: 1),
                        Told(event: .physicalOut, interface: 0, injections: 0),
                    ])
            }
        }

        @Test("An interface that goes while its packets wait is counted, and others go on (R151)")
        func interfaceGoes() throws {
            try Rig.with { rig in
                try rig.right.batch("link add d0 type veth peer name d1\nlink set d0 up\nlink set d1 up")
                let going = try rig.interface(up: "d0")
                let handle = rig.instance.protocolHandle(.inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Self.port)
                for number in 0..<3 as Range<UInt8> {
                    let packet = try Self.packet(rig, .inet, number: number)
                    let interface = try number == 1 ? going : rig.interface()
                    try handle.inject(.queueIn, packet, interface: interface, after: .seconds(2))
                }
                // Which takes the kernel a moment, long before their time.
                try rig.right.ip("link", "delete", "d0")
                for number in [0, 2] as [UInt8] {
                    #expect(try receiver.receive(within: .seconds(5))?.bytes == [number])
                }
                #expect(Deadline(.seconds(3)).sees { rig.injected("delivered_in") == 2 })
                #expect(rig.injected("unknown_interface") == 1)
            }
        }
    }
}
