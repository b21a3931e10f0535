// SPDX-License-Identifier: Apache-2.0

import Hooks
import LiveHost
import Neti
import Packet
import Testing

extension RealPackets {
    /// A packet that is injected again and again comes to an end, and everybody else's goes on.
    @Suite struct InjectionEnds {
        enum Way: String, CaseIterable, Sendable {
            /// The hook takes the packet and has it come again.
            case hold
            /// The hook injects a copy with the event's own call and drops what it was shown.
            case copy
            /// The hook injects the bytes through the protocol's handle, as ported C does, and drops what it was shown.
            case handle
        }

        struct Circle: Sendable, CustomTestStringConvertible {
            let style: InjectionStyle
            let family: NetworkFamily
            let way: Way
            var testDescription: String { "\(style) \(family) \(way)" }

            static let all = [InjectionStyle.queueIn, .queueOut].flatMap { style in
                NetworkFamily.ip.flatMap { family in
                    Way.allCases.map { Circle(style: style, family: family, way: $0) }
                }
            }
        }

        private static let limit = 5
        private static let circling: UInt16 = 7001

        @Test(
            "What goes round is dropped at the limit, and counted; other flows keep theirs (R109, R149)",
            arguments: Circle.all)
        func circle(_ circle: Circle) throws {
            var limits = InjectionLimits()
            limits.injections = Self.limit
            try Rig.with(injection: limits) { rig in
                let isInbound = circle.style == .queueIn
                let (from, to) = isInbound ? (rig.left, rig.right) : (rig.right, rig.left)
                let handle = rig.instance.protocolHandle(circle.family)
                let interface = try rig.interface()
                let seen = (0...Self.limit + 1).map { _ in Count() }
                try rig.register("again", on: isInbound ? .physicalIn : .physicalOut, of: circle.family) { packet in
                    guard let datagram = packet.datagram,
                        datagram.ports(in: packet.bytes)?.destination == Self.circling
                    else { return .pass }
                    seen[min(packet.injections, Self.limit + 1)].raise()
                    switch circle.way {
                    case .hold: try? packet.hold(for: .zero)
                    case .copy: try? packet.inject(circle.style)
                    case .handle: try? handle.inject(circle.style, packet.bytes, interface: interface)
                    }
                    return .drop
                }
                // It holds the handle at which it is registered.
                defer { try? rig.unregister("again", from: isInbound ? .physicalIn : .physicalOut, of: circle.family) }
                let sender = try UDPSocket(on: from, circle.family)
                let receiver = try UDPSocket(on: to, circle.family, port: Crossing.port)
                let target = SocketAddress(to.address(circle.family), port: Self.circling)
                for number in 0..<UInt8(100) {
                    try sender.socket.send([number], to: target)
                    try sender.send([number], to: receiver)
                    #expect(try receiver.receive()?.bytes == [number])
                }
                #expect(Deadline(.seconds(5)).sees { rig.injected("too_often") == 100 })
                #expect(seen.map(\.current) == [Int](repeating: 100, count: Self.limit + 1) + [0])
                // It is counted as refused before the thread that delivered it has given it back.
                #expect(Deadline(.seconds(5)).sees { rig.injected("held_packets") == 0 })
            }
        }

        @Test("A packet that only looks like an injected one counts as new", arguments: NetworkFamily.ip)
        func twins(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let (fresh, injected) = (Count(), Count())
                try rig.register("look", on: .physicalIn, of: family) { packet in
                    if packet.datagram?.ports(in: packet.bytes)?.destination == Crossing.port {
                        (packet.injections == 0 ? fresh : injected).raise()
                    }
                    return .pass
                }
                let receiver = try UDPSocket(on: rig.right, family, port: Crossing.port)
                let wire = try CaptureSocket(on: rig.left)
                let packet = try IPHeader(from: rig.left.address(family), to: rig.right.address(family)).packet(
                    .udp(from: 9, to: Crossing.port), payload: [1, 2, 3])
                for _ in 0..<50 {
                    try rig.instance.protocolHandle(family).inject(.queueIn, packet, interface: rig.interface())
                    try wire.send(packet, to: rig.right.linkLayer)
                    #expect(try receiver.receive() != nil)
                    #expect(try receiver.receive() != nil)
                }
                #expect(fresh.current == 50 && injected.current == 50)
            }
        }

        @Test("Stamps come back with the packet, and with the address that it came from", arguments: NetworkFamily.ip)
        func stamps(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let stamp = try rig.instance.takeStamp()
                let other = try rig.instance.takeStamp()
                let told = Log<String>()
                try rig.register("hold", on: .physicalIn, of: family) { packet in
                    guard packet.datagram?.ports(in: packet.bytes)?.destination == Crossing.port else { return .pass }
                    let source = packet.metadata.linkLayerSource >> 16
                    told.note("\(packet.injections) \(packet.stamps.contains(stamp)) \(String(source, radix: 16))")
                    if packet.stamps.contains(stamp) {
                        return packet.stamps.contains(other) ? .drop : .pass
                    }
                    do throws(InjectionError) {
                        try packet.hold(for: .milliseconds(5), stamps: stamp)
                    } catch {
                        return .drop
                    }
                    return .pass
                }
                let sender = try UDPSocket(on: rig.left, family)
                let receiver = try UDPSocket(on: rig.right, family, port: Crossing.port)
                try sender.send([1, 2, 3], to: receiver)
                #expect(try receiver.receive()?.bytes == [1, 2, 3])
                #expect(told.entries == ["0 false 20000000001", "1 true 20000000001"])
            }
        }

        @Test("A packet that is held waits for its ticket, to go on or to go for good")
        func tickets() throws {
            try Rig.with { rig in
                let stamp = try rig.instance.takeStamp()
                let tickets = Log<HeldPacket>()
                try rig.register("hold", on: .physicalIn, of: .inet) { packet in
                    guard packet.datagram?.ports(in: packet.bytes)?.destination == Crossing.port,
                        !packet.stamps.contains(stamp)
                    else { return .pass }
                    if let ticket = try? packet.hold(stamps: stamp) { tickets.note(ticket) }
                    return .pass
                }
                let sender = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                for number in 0..<UInt8(3) { try sender.send([number], to: receiver) }
                #expect(Deadline(.seconds(3)).sees { tickets.entries.count == 3 })
                #expect(rig.injected("held_packets") == 3)
                #expect(rig.injected("oldest_ns") > 0)
                #expect(try receiver.receive(within: .milliseconds(20)) == nil)
                let held = tickets.entries
                let list = rig.instance.injection
                #expect(list.release(held[2]))
                #expect(try receiver.receive()?.bytes == [2])
                #expect(list.drop(held[1]))
                #expect(list.release(held[0]))
                #expect(try receiver.receive()?.bytes == [0])
                #expect(!list.release(held[0]) && !list.drop(held[1]) && !list.release(held[1]))
                #expect(Deadline(.seconds(3)).sees { rig.injected("held_packets") == 0 })
            }
        }
    }
}
