// SPDX-License-Identifier: Apache-2.0

import Hooks
import LiveHost
import Neti
import NetiLinux
import Packet
import Testing

extension RealPackets {
    /// Three styles, two families, six circumstances: what the call says, what is counted, what the kernel and the wire saw.
    @Suite struct InjectionMatrix {
        struct Cell: Sendable, CustomTestStringConvertible {
            let style: InjectionStyle
            let family: NetworkFamily
            var testDescription: String { "\(style) \(family)" }

            static let all = InjectionStyle.allCases.flatMap { style in
                NetworkFamily.ip.map { Cell(style: style, family: $0) }
            }
        }

        /// One host that injects, with ears everywhere.
        private struct Bench {
            let rig: Rig
            let cell: Cell
            let interface: UInt32
            let handle: NetworkProtocol
            /// Where the packet is to arrive, beyond the right host's receive path or beyond the wire.
            let receiver: UDPSocket
            let leftWire: CaptureSocket
            let rightWire: CaptureSocket
            let seen = (in: Count(), out: Count())

            init(_ rig: Rig, _ cell: Cell) throws {
                self.rig = rig
                self.cell = cell
                interface = try rig.interface()
                handle = rig.instance.protocolHandle(cell.family)
                receiver = try UDPSocket(
                    on: cell.style == .queueIn ? rig.right : rig.left, cell.family, port: Crossing.port)
                leftWire = try CaptureSocket(on: rig.left)
                rightWire = try CaptureSocket(on: rig.right)
                for (event, count) in [(NetworkEvent.physicalIn, seen.in), (.physicalOut, seen.out)] {
                    try rig.register("look", on: event, of: cell.family) { packet in
                        if packet.injections == 1 { count.raise() }
                        return .pass
                    }
                }
            }

            /// A datagram in the direction of the style.
            func packet(payload: [UInt8]) throws -> [UInt8] {
                let (left, right) = (rig.left.address(cell.family), rig.right.address(cell.family))
                var header = cell.style == .queueIn ? IPHeader(from: left, to: right) : IPHeader(from: right, to: left)
                // Else the kernel gives an IPv4 packet an identification.
                header.isFragmentingForbidden = true
                return try header.packet(.udp(from: 9, to: Crossing.port), payload: payload)
            }

            func inject(
                _ packet: [UInt8], on interface: UInt32? = nil, after delay: Duration = .zero
            ) throws(InjectionError) {
                try handle.inject(cell.style, packet, interface: interface ?? self.interface, after: delay)
            }

            func refusal(of packet: [UInt8], on interface: UInt32? = nil) -> InjectionError? {
                do throws(InjectionError) {
                    try inject(packet, on: interface)
                    return nil
                } catch {
                    return error
                }
            }

            /// The packet arrived, by the way of its style and by no other.
            func expectDelivery(of packet: [UInt8], payload: [UInt8]) throws {
                #expect(try receiver.receive()?.bytes == payload)
                let isInbound = cell.style == .queueIn
                let frame = try #require(try rightWire.frame { $0.bytes.suffix(payload.count).elementsEqual(payload) })
                #expect(frame.isOutgoing == !isInbound)
                #expect(frame.bytes == packet)
                let there = try leftWire.frame(within: isInbound ? .milliseconds(50) : .seconds(3)) {
                    $0.bytes.suffix(payload.count).elementsEqual(payload)
                }
                #expect((there != nil) == !isInbound)
                #expect(there.map { $0.isOutgoing } != true)
                #expect(seen.in.current == (isInbound ? 1 : 0))
                #expect(seen.out.current == (cell.style == .queueOut ? 1 : 0))
            }

            /// Nothing of the kind was seen anywhere.
            func expectNothing(like payload: [UInt8]) throws {
                for wire in [leftWire, rightWire] {
                    let frame = try wire.frame(within: .milliseconds(50)) {
                        $0.bytes.suffix(payload.count).elementsEqual(payload)
                    }
                    #expect(frame == nil)
                }
                #expect(try receiver.receive(within: .milliseconds(10)) == nil)
                #expect(seen.in.current == 0 && seen.out.current == 0)
            }
        }

        private let payload = Array("an injected datagram, of odd length".utf8)

        private func with(
            _ cell: Cell, limits: InjectionLimits = InjectionLimits(), _ body: (Bench) throws -> Void
        ) throws {
            try Rig.with(injection: limits) { rig in try body(Bench(rig, cell)) }
        }

        private func counter(_ style: InjectionStyle) -> String {
            switch style {
            case .queueIn: "queue_in"
            case .queueOut: "queue_out"
            case .directOut: "direct_out"
            }
        }

        @Test("A good packet arrives as injected (R94, R144 to R147)", arguments: Cell.all)
        func good(_ cell: Cell) throws {
            try with(cell) { bench in
                let packet = try bench.packet(payload: payload)
                try bench.inject(packet)
                try bench.expectDelivery(of: packet, payload: payload)
                #expect(bench.rig.injected(counter(cell.style)) == 1)
                // Deliveries are counted at the end of the turn, when the packet has arrived already.
                #expect(Deadline(.seconds(3)).sees { bench.rig.injected("held_packets") == 0 })
                switch cell.style {
                // Counted once the system call has returned, which the packet may overtake.
                case .queueIn: #expect(Deadline(.seconds(3)).sees { bench.rig.injected("delivered_in") == 1 })
                case .queueOut: #expect(Deadline(.seconds(3)).sees { bench.rig.injected("delivered_out") == 1 })
                case .directOut: break
                }
            }
        }

        @Test("An interface that isn't there is an error where it counts (R145, R147)", arguments: Cell.all)
        func unknownInterface(_ cell: Cell) throws {
            try with(cell) { bench in
                let packet = try bench.packet(payload: payload)
                let refusal = bench.refusal(of: packet, on: 4711)
                if cell.style == .queueOut {
                    #expect(refusal == nil)
                    try bench.expectDelivery(of: packet, payload: payload)
                } else {
                    #expect(refusal == InjectionError(.unknownInterface))
                    #expect(refusal?.returnValue == 1)
                    #expect(bench.rig.injected("unknown_interface") == 1)
                    try bench.expectNothing(like: payload)
                }
            }
        }

        @Test("An interface that is down receives and sends nothing", arguments: Cell.all)
        func interfaceDown(_ cell: Cell) throws {
            try with(cell) { bench in
                let packet = try bench.packet(payload: payload)
                try bench.rig.right.ip("link", "add", "idle0", "type", "veth", "peer", "name", "idle1")
                let handle = bench.handle
                #expect(Deadline(.seconds(3)).sees { handle.interface(named: "idle0") != nil })
                let idle = try #require(handle.interface(named: "idle0"))
                guard cell.style != .queueOut else { return }
                #expect(bench.refusal(of: packet, on: idle) == InjectionError(.interfaceDown))
                try bench.expectNothing(like: payload)
            }
        }

        @Test("An instance that is gone takes nothing, and drops what waits (R30, R147, R154)", arguments: Cell.all)
        func deadInstance(_ cell: Cell) throws {
            try with(cell) { bench in
                let packet = try bench.packet(payload: payload)
                let list = bench.rig.instance.injection
                if cell.style != .directOut { try bench.inject(packet, after: .seconds(60)) }
                try bench.rig.provider.removeInstance(bench.rig.instance)
                let refusal = bench.refusal(of: packet)
                #expect(refusal == InjectionError(.deadInstance))
                #expect(refusal?.returnValue == -1)
                #expect(list.status["lost_with_instance"] == (cell.style == .directOut ? 0 : 1))
                #expect(list.status.packets == 0)
                try bench.expectNothing(like: payload)
            }
        }

        @Test("What is no packet of the protocol is refused and gone (R144, R145)", arguments: Cell.all)
        func badHeader(_ cell: Cell) throws {
            try with(cell) { bench in
                let packet = try bench.packet(payload: payload)
                let other: UInt8 = cell.family == .inet ? 0x60 : 0x45
                let wrong = [[], [packet[0]], Array(packet.dropLast()), packet + [0], [other] + packet.dropFirst()]
                for bytes in wrong {
                    let refusal = bench.refusal(of: bytes)
                    #expect(refusal == InjectionError(.badHeader))
                    #expect(refusal?.returnValue == 1)
                }
                #expect(bench.rig.injected("bad_header") == UInt64(wrong.count))
                try bench.expectNothing(like: payload)
            }
        }

        @Test(
            "A packet over the MTU can come in; out it goes only in fragments, where it may (R151)", arguments: Cell.all
        )
        func overMTU(_ cell: Cell) throws {
            try with(cell) { bench in
                try bench.rig.right.ip("link", "set", Host.interface, "mtu", "1300")
                let (handle, interface) = (bench.handle, bench.interface)
                #expect(Deadline(.seconds(3)).sees { handle.mtu(of: interface) == 1300 })
                let long = [UInt8](repeating: 7, count: 1290)
                let packet = try bench.packet(payload: long)
                let refusal = bench.refusal(of: packet)
                switch cell.style {
                case .queueIn:
                    #expect(refusal == nil)
                    try bench.expectDelivery(of: packet, payload: long)
                    let tooLong = try bench.packet(payload: [UInt8](repeating: 7, count: 4000))
                    #expect(bench.refusal(of: tooLong) == InjectionError(.tooLong))
                case .queueOut where cell.family == .inet6:
                    // Nothing forbids its sender to fragment it.
                    #expect(refusal == nil)
                    #expect(try bench.receiver.receive()?.bytes == long)
                    #expect(bench.seen.out.current == 2)
                    #expect(Deadline(.seconds(3)).sees { bench.rig.injected("held_packets") == 0 })
                    #expect(bench.rig.injected("delivered_out") == 1 && bench.rig.injected("too_long") == 0)
                    return
                case .queueOut:
                    #expect(refusal == nil)
                    #expect(Deadline(.seconds(3)).sees { bench.rig.injected("too_long") == 1 })
                    try bench.expectNothing(like: long)
                case .directOut:
                    #expect(refusal == InjectionError(.tooLong))
                    #expect(refusal?.returnValue == 1)
                    try bench.expectNothing(like: long)
                }
                #expect(bench.rig.injected("too_long") == 1)
            }
        }

        @Test("A full list takes no more, and the caller keeps the packet (R147, R153)", arguments: Cell.all)
        func listFull(_ cell: Cell) throws {
            var limits = InjectionLimits()
            limits.packets = 2
            try with(cell, limits: limits) { bench in
                let packet = try bench.packet(payload: payload)
                if cell.style == .directOut {
                    // The first packet has the next hop looked up.
                    try bench.inject(bench.packet(payload: [0]))
                    #expect(try bench.receiver.receive()?.bytes == [0])
                    #expect(Deadline(.seconds(3)).sees { bench.rig.injected("held_packets") == 0 })
                }
                for _ in 0..<2 {
                    try bench.handle.inject(
                        .queueIn, packet, interface: bench.interface, after: .seconds(60))
                }
                #expect(bench.rig.injected("held_packets") == 2)
                let refusal = bench.refusal(of: packet)
                if cell.style == .directOut {
                    // Nothing has to wait, for the neighbour is known by now.
                    #expect(refusal == nil)
                    try bench.expectDelivery(of: packet, payload: payload)
                } else {
                    #expect(refusal == InjectionError(.listFull))
                    #expect(refusal?.returnValue == -1)
                    #expect(bench.rig.injected("list_full") == 1)
                    try bench.expectNothing(like: payload)
                }
            }
        }

        @Test("ARP can't inject (R155)", arguments: InjectionStyle.allCases)
        func arp(_ style: InjectionStyle) throws {
            try Rig.with { rig in
                #expect(throws: InjectionError(.unsupported)) {
                    try rig.instance.protocolHandle(.arp).inject(style, [0x45], interface: 1)
                }
                #expect(InjectionError(.unsupported).returnValue == -1)
            }
        }

        @Test("A packet that comes in by injection reaches a listening TCP socket (R144)", arguments: NetworkFamily.ip)
        func listeningSocket(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let listener = try TCPListener(on: rig.right, family, port: Crossing.port)
                let wire = try CaptureSocket(on: rig.left)
                let syn = try IPHeader(from: rig.left.address(family), to: rig.right.address(family)).packet(
                    .tcp(from: 4711, to: Crossing.port, sequence: 1000, flags: .syn))
                try rig.instance.protocolHandle(family).inject(.queueIn, syn, interface: rig.interface())
                let answer = try wire.frame { frame in
                    let bytes = unsafe frame.bytes.span.bytes
                    return (try? Datagram(parsing: bytes))?.ports(in: bytes)?.source == Crossing.port
                }
                #expect(answer != nil)
                withExtendedLifetime(listener) {}
            }
        }
    }
}
