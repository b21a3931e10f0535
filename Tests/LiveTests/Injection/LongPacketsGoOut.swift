// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import LiveHost
import Neti
import NetiLinux
import Packet
import Testing

extension RealPackets {
    /// Packets beyond the MTU, which hooks are shown before the kernel fragments them, and NI_QUEUE_OUT has to fragment.
    @Suite struct LongPacketsGoOut {
        private static let port: UInt16 = 7777

        private static func payload(_ length: Int, _ seed: Int = 0) -> [UInt8] {
            (0..<length).map { UInt8(truncatingIfNeeded: ($0 + seed) / 7 ^ $0 &* 31) }
        }

        /// Holds what passes PHYSICAL_OUT once; says how long the packets were that it held and those that came back.
        private static func hold(
            _ rig: Rig, _ family: NetworkFamily, for delay: Duration = .zero
        ) throws -> (held: Log<Int>, back: Log<Int>) {
            let (held, back) = (Log<Int>(), Log<Int>())
            let stamp = try rig.instance.takeStamp()
            try rig.register("hold", on: .physicalOut, of: family) { packet in
                // Neighbours are looked for all the time, by short packets.
                guard packet.bytes.byteCount > 200 else { return .pass }
                if packet.stamps.contains(stamp) {
                    back.note(packet.injections == 1 ? packet.bytes.byteCount : -1)
                    return .pass
                }
                do throws(InjectionError) {
                    held.note(packet.bytes.byteCount)
                    try packet.hold(for: delay, stamps: stamp)
                    return .pass
                } catch {
                    return .drop
                }
            }
            return (held, back)
        }

        @Test(
            "A datagram longer than the MTU, held at PHYSICAL_OUT, reaches its peer whole (R150)",
            arguments: NetworkFamily.ip, [3_000, 20_000, 65_000])
        func held(_ family: NetworkFamily, _ length: Int) throws {
            try Rig.with { rig in
                let seen = try Self.hold(rig, family)
                let receiver = try UDPSocket(on: rig.left, family, port: Self.port)
                let sender = try UDPSocket(on: rig.right, family)
                for number in 0..<5 {
                    let payload = Self.payload(length, number)
                    try sender.send(payload, to: receiver)
                    #expect(try receiver.receive()?.bytes == payload)
                }
                let headers = family == .inet ? 28 : 48
                #expect(seen.held.entries == [Int](repeating: length + headers, count: 5))
                // Its fragments were known again, and are as long as can be.
                let back = seen.back.entries
                #expect(back.max() == (family == .inet ? 1500 : 1496))
                #expect(!back.contains(-1) && back.count >= 5 * (length / 1500))
                // Counted at the end of the turn, when the last one has arrived already.
                #expect(Deadline(.seconds(3)).sees { rig.injected("held_packets") == 0 })
                #expect(rig.injected("delivered_out") == 5 && rig.injected("too_long") == 0)
            }
        }

        @Test("Fragments go in the packet's place, between those around it", arguments: NetworkFamily.ip)
        func order(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let delivery = try HandDelivery(of: rig)
                let receiver = try UDPSocket(on: rig.left, family, port: Self.port)
                let header = IPHeader(from: rig.right.address(family), to: rig.left.address(family))
                let payloads = (0..<200).map { Self.payload($0 % 10 == 3 ? 4_000 : 10, $0) }
                for payload in payloads {
                    try rig.instance.protocolHandle(family).inject(
                        .queueOut, header.packet(.udp(from: 1, to: Self.port), payload: payload))
                }
                #expect(delivery.deliverAll())
                for payload in payloads { #expect(try receiver.receive()?.bytes == payload) }
                #expect(delivery.status["delivered_out"] == 200 && delivery.status["too_long"] == 0)
            }
        }

        @Test("When queues are full, fragments wait for their turn as packets do", arguments: NetworkFamily.ip)
        func backPressure(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let delivery = try HandDelivery(of: rig)
                let barrier = Barrier()
                try rig.register("slow", on: .physicalOut, of: family) { packet in
                    if packet.injections > 0 { barrier.pass() }
                    return .pass
                }
                defer { barrier.open() }
                let receiver = try UDPSocket(
                    on: rig.left, at: rig.left.address(family), port: Self.port, receiveBuffer: 64 << 20)
                let header = IPHeader(from: rig.right.address(family), to: rig.left.address(family))
                let payloads = (0..<60).map { Self.payload(30_000, $0) }
                for payload in payloads {
                    try rig.instance.protocolHandle(family).inject(
                        .queueOut, header.packet(.udp(from: 1, to: Self.port), payload: payload))
                }
                #expect(!delivery.deliverAll(within: .milliseconds(300)))
                let waiting = delivery.status.packets
                #expect(waiting > 20 && waiting < 60, "\(waiting)")
                barrier.open()
                #expect(delivery.deliverAll())
                for payload in payloads { #expect(try receiver.receive()?.bytes == payload) }
                #expect(delivery.status["delivered_out"] == 60)
            }
        }

        @Test("Where fragmenting is forbidden nothing is sent, and it is counted")
        func forbidden() throws {
            try Rig.with { rig in
                let receiver = try UDPSocket(on: rig.left, .inet, port: Self.port)
                var header = IPHeader(from: rig.right.inet, to: rig.left.inet)
                header.isFragmentingForbidden = true
                for length in [3_000, 20_000] {
                    let packet = try header.packet(.udp(from: 1, to: Self.port), payload: Self.payload(length))
                    try rig.instance.protocolHandle(.inet).inject(.queueOut, packet)
                }
                #expect(Deadline(.seconds(3)).sees { rig.injected("too_long") == 2 })
                #expect(try receiver.receive(within: .milliseconds(50)) == nil)
                #expect(rig.injected("delivered_out") == 0)
            }
        }

        @Test("The route's MTU counts where it is below the interface's", arguments: NetworkFamily.ip)
        func routeMTU(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let far = try #require(IPAddress(family == .inet ? "203.0.113.9" : "2001:db8:9::9"))
                let version = family == .inet ? "-4" : "-6"
                let route = "\(far)/\(family == .inet ? 32 : 128)"
                try rig.left.ip(version, "address", "add", route, "dev", "lo")
                try rig.right.ip(
                    version, "route", "add", route, "via", "\(rig.left.address(family))", "mtu", "1300")
                let seen = try Self.hold(rig, family)
                let receiver = try UDPSocket(on: rig.left, at: far, port: Self.port)
                let sender = try UDPSocket(on: rig.right, family)
                let wire = try CaptureSocket(on: rig.left)
                let payload = Self.payload(5_000)
                let isReceived = try Deadline(.seconds(5)).sees {
                    try sender.send(payload, to: receiver)
                    return try receiver.receive(within: .milliseconds(500))?.bytes == payload
                }
                #expect(isReceived)
                #expect(seen.held.entries.first == 5_000 + (family == .inet ? 28 : 48))
                let frame = try wire.frame { $0.bytes.count > 1_000 }
                #expect((frame?.bytes.count ?? 0) <= 1_300)
            }
        }

        @Test(
            "Where connection tracking puts fragments together, the packet comes back whole",
            arguments: NetworkFamily.ip)
        func connectionTracking(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                try rig.right.loadRules(
                    """
                    table inet watch { chain c { type filter hook output priority 0; ct state new counter; }; }
                    """)
                let seen = try Self.hold(rig, family)
                let receiver = try UDPSocket(on: rig.left, family, port: Self.port)
                let sender = try UDPSocket(on: rig.right, family)
                let payload = Self.payload(20_000)
                try sender.send(payload, to: receiver)
                #expect(try receiver.receive()?.bytes == payload)
                #expect(seen.held.entries == [20_000 + (family == .inet ? 28 : 48)])
                #expect(seen.back.entries == seen.held.entries)
            }
        }
    }
}
