// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import LiveHost
import Neti
import NetiLinux
import Packet
import Synchronization
import Testing

extension RealPackets {
    /// NI_QUEUE_OUT on real interfaces, delivered by hand.
    @Suite struct PacketsGoOut {
        private static let port: UInt16 = 7777

        /// A UDP packet from the right host to the left one.
        private static func packet(
            _ rig: Rig, _ family: NetworkFamily, payload: [UInt8], from source: IPAddress? = nil,
            to destination: IPAddress? = nil
        ) throws -> [UInt8] {
            try IPHeader(
                from: source ?? rig.right.address(family), to: destination ?? rig.left.address(family)
            ).packet(.udp(from: 1, to: port), payload: payload)
        }

        /// A packet that can't go in fragments: it forbids that, or is one already.
        private static func unsplittable(_ rig: Rig, _ family: NetworkFamily, payload: Int) throws -> [UInt8] {
            var header = IPHeader(from: rig.right.address(family), to: rig.left.address(family))
            header.isFragmentingForbidden = true
            if family == .inet6 { header.fragment = Fragment(identification: 1, offset: 0, moreFollow: false) }
            return try header.packet(.udp(from: 1, to: port), payload: [UInt8](repeating: 2, count: payload))
        }

        private static func inject(
            _ packet: [UInt8], _ rig: Rig, _ family: NetworkFamily, interface: UInt32 = 0, mark: UInt32 = 0
        ) throws {
            try unsafe rig.instance.protocolHandle(family).inject(
                .queueOut, packet.span.bytes, interface: interface, mark: mark)
        }

        @Test(
            "Packets of any length reach the peer's socket and the wire, byte for byte and in order (R147, R150)",
            arguments: NetworkFamily.ip)
        func reachThePeer(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let delivery = try HandDelivery(of: rig)
                let receiver = try UDPSocket(on: rig.left, family, port: Self.port)
                let wire = try CaptureSocket(on: rig.left)
                let payloads = (0..<100).map { number in
                    [UInt8](repeating: UInt8(number), count: number == 50 ? 1400 : number)
                }
                for payload in payloads { try Self.inject(Self.packet(rig, family, payload: payload), rig, family) }
                #expect(delivery.status["queue_out"] == 100)
                #expect(try receiver.receive(within: .milliseconds(20)) == nil)
                #expect(delivery.deliverAll())
                for payload in payloads { #expect(try receiver.receive()?.bytes == payload) }
                let length = payloads[50].count + 8
                let frame = try wire.frame { $0.bytes.count == length + (family == .inet ? 20 : 40) }
                var sent = try Self.packet(rig, family, payload: payloads[50])
                // Identification and with it the header's checksum are the kernel's in IPv4.
                let seen = frame.map { frame in
                    var bytes = frame.bytes
                    if family == .inet { for place in [4, 5, 10, 11] { (bytes[place], sent[place]) = (0, 0) } }
                    return bytes
                }
                #expect(seen == sent)
                #expect(delivery.status["delivered_out"] == 100)
            }
        }

        @Test("A packet in several chunks arrives whole, where the MTU lets it", arguments: NetworkFamily.ip)
        func longPackets(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                for host in [rig.left, rig.right] { try host.ip("link", "set", Host.interface, "mtu", "65535") }
                let delivery = try HandDelivery(of: rig)
                let receiver = try UDPSocket(on: rig.left, family, port: Self.port)
                let header = family == .inet ? 28 : 48
                for length in [2048 - header, 2049 - header, 4096 - header, 9000, 65_535 - header] {
                    let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 / 7) }
                    try Self.inject(Self.packet(rig, family, payload: payload), rig, family)
                    #expect(delivery.deliverAll())
                    #expect(try receiver.receive()?.bytes == payload, "\(length) bytes")
                }
            }
        }

        @Test("A packet that is refused is counted by its reason and stops none behind it", arguments: NetworkFamily.ip)
        func refused(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let delivery = try HandDelivery(of: rig)
                let receiver = try UDPSocket(on: rig.left, family, port: Self.port)
                let nowhere = try #require(IPAddress(family == .inet ? "203.0.113.1" : "2001:db8:ffff::1"))
                try Self.inject(Self.packet(rig, family, payload: [1]), rig, family)
                try Self.inject(Self.unsplittable(rig, family, payload: 1600), rig, family)
                try Self.inject(Self.packet(rig, family, payload: [3], to: nowhere), rig, family)
                try Self.inject(Self.packet(rig, family, payload: [4]), rig, family)
                #expect(delivery.deliverAll())
                #expect(try receiver.receive()?.bytes == [1])
                #expect(try receiver.receive()?.bytes == [4])
                let status = delivery.status
                #expect(status["too_long"] == 1 && status["unreachable"] == 1 && status["delivered_out"] == 2)
            }
        }

        @Test(
            "PHYSICAL_OUT is told how often a packet was injected and its stamps; foreign priorities tell nothing",
            arguments: NetworkFamily.ip)
        func cookie(_ family: NetworkFamily) throws {
            try Rig.with(configure: { $0.priorityOut = 0 }) { rig in
                let nft = family == .inet ? "ip" : "ip6"
                try rig.right.loadRules(
                    """
                    table \(nft) watch { chain c { type filter hook postrouting priority 10; \
                    udp dport \(Self.port) meta priority none counter; }; }
                    """)
                let delivery = try HandDelivery(of: rig)
                let told = Log<String>()
                let stamp = try rig.instance.takeStamp()
                try rig.register("again", on: .physicalOut, of: family) { packet in
                    guard packet.isUDP(to: Self.port) else { return .pass }
                    told.note("\(packet.injections) \(packet.stamps.rawValue)")
                    if packet.injections == 3 {
                        packet.mark = 7
                        return .pass
                    }
                    guard packet.injections > 0 else { return .pass }
                    try? packet.inject(.queueOut, stamps: stamp)
                    return .drop
                }
                let receiver = try UDPSocket(on: rig.left, family, port: Self.port)
                try Self.inject(Self.packet(rig, family, payload: [9]), rig, family)
                #expect(
                    Deadline(.seconds(5)).sees {
                        _ = delivery.deliverAll()
                        return told.entries.count == 3
                    })
                #expect(try receiver.receive()?.bytes == [9])
                #expect(told.entries == ["1 0", "2 \(stamp.rawValue)", "3 \(stamp.rawValue)"])
                // The last of them went on without its cookie, also with another mark.
                let listing = try rig.right.execute("nft", "list", "table", nft, "watch")
                #expect(listing.contains("packets 1 "), "\(listing)")

                let foreign = try UDPSocket(on: rig.right, family)
                for priority in [6, 0x0001_0010, 0x7FFF_1000] as [Int32] {
                    try foreign.socket.set(SOL_SOCKET, SO_PRIORITY, priority)
                    try foreign.send([1], to: receiver)
                    #expect(try receiver.receive()?.bytes == [1])
                }
                #expect(told.entries.suffix(3) == ["0 0", "0 0", "0 0"])
                // Their priorities are nobody's business.
                #expect(try rig.right.execute("nft", "list", "table", nft, "watch").contains("packets 1 "))
            }
        }

        @Test(
            "To an address of this host it passes the loopback events, which know it as well (R150)",
            arguments: NetworkFamily.ip)
        func loopback(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let delivery = try HandDelivery(of: rig)
                let told = Log<String>()
                for event in [NetworkEvent.loopbackOut, .loopbackIn, .physicalOut] {
                    try rig.register("look", on: event, of: family) { packet in
                        if packet.isUDP(to: Self.port) { told.note("\(event) \(packet.injections)") }
                        return .pass
                    }
                }
                let receiver = try UDPSocket(on: rig.right, family, port: Self.port)
                let packet = try Self.packet(rig, family, payload: [5], to: rig.right.address(family))
                try Self.inject(packet, rig, family)
                #expect(delivery.deliverAll())
                #expect(try receiver.receive()?.bytes == [5])
                #expect(told.entries == ["LOOPBACK_OUT 1", "LOOPBACK_IN 1"])
            }
        }

        @Test("Routes are chosen by the packet's own mark and source", arguments: NetworkFamily.ip)
        func policyRouting(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let version = family == .inet ? "-4" : "-6"
                let far = try #require(IPAddress(family == .inet ? "203.0.113.9" : "2001:db8:9::9"))
                let source = try #require(IPAddress(family == .inet ? "198.51.100.7" : "2001:db8:7::7"))
                let length = family == .inet ? 32 : 128
                // A second way, which ends in a device that nobody listens to.
                try rig.right.ip("link", "add", "other0", "type", "veth", "peer", "name", "other1")
                try rig.right.ip("link", "set", "other0", "up", "arp", "off")
                try rig.right.ip("link", "set", "other1", "up")
                try rig.right.ip(version, "route", "add", "\(far)/\(length)", "via", "\(rig.left.address(family))")
                for (table, rule) in [("100", ["fwmark", "5"]), ("101", ["from", "\(source)"])] {
                    try rig.right.ip(version, "route", "add", "\(far)/\(length)", "dev", "other0", "table", table)
                    try Command.run(
                        "ip", ["-n", rig.right.name, version, "rule", "add"] + rule + ["lookup", table])
                }
                let delivery = try HandDelivery(of: rig)
                let first = try CaptureSocket(on: rig.left)
                let second = try CaptureSocket(on: rig.right, interface: "other1")
                func arrives(at wire: CaptureSocket, _ payload: UInt8) throws -> Bool {
                    try wire.frame(within: .seconds(2)) { $0.bytes.last == payload && $0.bytes.count < 60 } != nil
                }
                try Self.inject(Self.packet(rig, family, payload: [1], to: far), rig, family)
                try Self.inject(Self.packet(rig, family, payload: [2], to: far), rig, family, mark: 5)
                try Self.inject(Self.packet(rig, family, payload: [3], from: source, to: far), rig, family)
                try Self.inject(Self.packet(rig, family, payload: [4], to: far), rig, family, mark: 6)
                #expect(delivery.deliverAll())
                #expect(try arrives(at: first, 1))
                #expect(try arrives(at: second, 2))
                #expect(try arrives(at: second, 3))
                #expect(try arrives(at: first, 4))
            }
        }

        @Test(
            "Where the address doesn't tell the network, the interface does",
            arguments: ["224.0.0.99", "255.255.255.255", "ff02::99", "ff05::99", "fe80::99"])
        func onLink(_ address: String) throws {
            try Rig.with { rig in
                let destination = try #require(IPAddress(address))
                let family: NetworkFamily = destination.version == .v4 ? .inet : .inet6
                try rig.right.ip("link", "add", "other0", "type", "veth", "peer", "name", "other1")
                for name in ["other0", "other1"] { try rig.right.ip("link", "set", name, "up") }
                try rig.right.ip("neighbour", "add", "fe80::99", "lladdr", "02:00:00:00:00:99", "dev", "other0")
                let other = try rig.right.run { unsafe if_nametoindex("other0") }
                let delivery = try HandDelivery(of: rig)
                let wire = try CaptureSocket(on: rig.right, interface: "other1")
                // The kernel's own IPv6 on a new interface takes a moment.
                let isThere = try Deadline(.seconds(5)).sees {
                    let packet = try Self.packet(rig, family, payload: [0x5A], to: destination)
                    try Self.inject(packet, rig, family, interface: other)
                    try #require(delivery.deliverAll())
                    return try wire.frame(within: .milliseconds(50)) { $0.bytes.last == 0x5A } != nil
                }
                #expect(isThere)
            }
        }

        @Test("When queues are full packets wait instead of being lost, and arrive in order")
        func backPressure() throws {
            try Rig.with { rig in
                let delivery = try HandDelivery(of: rig)
                let barrier = Barrier()
                try rig.register("slow", on: .physicalOut, of: .inet) { packet in
                    if packet.isUDP(to: Self.port) { barrier.pass() }
                    return .pass
                }
                defer { barrier.open() }
                let receiver = try UDPSocket(on: rig.left, at: rig.left.inet, port: Self.port, receiveBuffer: 64 << 20)
                for number in 0..<3000 {
                    let payload = [UInt8(number & 0xFF), UInt8(number >> 8)]
                    try Self.inject(Self.packet(rig, .inet, payload: payload), rig, .inet)
                }
                #expect(!delivery.deliverAll(within: .milliseconds(300)))
                let waiting = delivery.status.packets
                // What is under way is less than a queue holds.
                #expect(waiting > 1000 && waiting < 3000, "\(waiting)")
                barrier.open()
                #expect(delivery.deliverAll())
                var wrong = 0
                for number in 0..<3000 {
                    let bytes = try receiver.receive()?.bytes
                    if bytes != [UInt8(number & 0xFF), UInt8(number >> 8)] { wrong += 1 }
                    if bytes == nil { break }
                }
                #expect(wrong == 0)
                #expect(rig.totals.queueFullDrops == 0)
                #expect(delivery.status["delivered_out"] == 3000)
            }
        }
    }
}
