// SPDX-License-Identifier: Apache-2.0

import Hooks
import LiveHost
import Neti
import NetiLinux
import Packet
import Testing

extension RealPackets {
    /// What section "hook execution" promises, seen with packets of the kernel (R81 to R88, R95 to R98).
    @Suite struct PacketsRunTheChain {
        /// Sends datagrams one by one and counts those that arrive, by a last one that no hook stops.
        private func send(_ count: Int, through rig: Rig) throws -> [[UInt8]] {
            let sender = try UDPSocket(on: rig.left, .inet)
            let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
            for number in 0..<count { try sender.send([UInt8(number)], to: receiver) }
            let end = Array("end".utf8)
            try sender.send(end, to: receiver)
            var arrived: [[UInt8]] = []
            while let received = try receiver.receive(), received.bytes != end { arrived.append(received.bytes) }
            return arrived
        }

        /// Registers a hook that acts on numbered datagrams only.
        private func register(
            _ name: String, at rig: Rig, _ act: @escaping @Sendable (inout PacketEvent) -> HookResult
        ) throws {
            try rig.register(name, on: .physicalIn, of: .inet) { packet in
                let isLast = packet.payload(ofUDPTo: Crossing.port)?.count == 3
                return isLast ? .pass : act(&packet)
            }
        }

        @Test("A hook that drops ends the walk; hits and events tell (R81, R82, R84)", arguments: [1, -5, 77])
        func shortCircuit(_ result: Int32) throws {
            try Rig.with { rig in
                try register("a", at: rig) { _ in .pass }
                try register("b", at: rig) { _ in HookResult(rawValue: result) }
                try register("c", at: rig) { _ in .pass }
                #expect(try send(10, through: rig) == [])
                #expect(rig.hits(on: .physicalIn, of: .inet) == ["a": 11, "b": 11, "c": 1])
                #expect(rig.instance.protocolHandle(.inet).event(.physicalIn).counters.events == 11)
                // The other events have no hook: nothing was run there (R110).
                #expect(rig.instance.protocolHandle(.inet6).event(.physicalIn).counters.events == 0)
                #expect(rig.instance.protocolHandle(.inet).event(.physicalOut).counters.events == 0)
            }
        }

        @Test("Hooks behind one that consumed are called with no bytes and can't edit (R97)")
        func consumedIsEmpty() throws {
            try Rig.with { rig in
                let seen = Log<String>()
                try register("consume", at: rig) { packet in
                    packet.consume()
                    return .pass
                }
                try rig.register("later", on: .physicalIn, of: .inet) { packet in
                    guard packet.isConsumed else { return .pass }
                    let refusal: PacketEvent.EditError?
                    do throws(PacketEvent.EditError) {
                        try packet.edit { _ in }
                        refusal = nil
                    } catch {
                        refusal = error
                    }
                    seen.note("\(packet.bytes.byteCount) \(packet.datagram == nil) \(refusal == .consumed)")
                    return .pass
                }
                #expect(try send(3, through: rig) == [])
                #expect(seen.entries == Array(repeating: "0 true true", count: 3))
                #expect(rig.hits(on: .physicalIn, of: .inet) == ["consume": 4, "later": 4])
            }
        }

        @Test("A hook behind one that dropped after consuming is not called (R95, R81)")
        func consumedAndDropped() throws {
            try Rig.with { rig in
                try register("both", at: rig) { packet in
                    packet.consume()
                    return .drop
                }
                try register("later", at: rig) { _ in .pass }
                #expect(try send(3, through: rig) == [])
                #expect(rig.hits(on: .physicalIn, of: .inet) == ["both": 4, "later": 1])
            }
        }

        @Test("Another packet in its place is what later hooks and the receiver get (R96)")
        func replaced() throws {
            try Rig.with { rig in
                let lengths = Log<Int>()
                let header = IPHeader(from: rig.left.inet, to: rig.right.inet)
                let other = try header.packet(.udp(from: 9, to: Crossing.port), payload: Array("another packet".utf8))
                try register("replace", at: rig) { packet in
                    unsafe try? packet.replace(with: other.span.bytes)
                    return .pass
                }
                try register("later", at: rig) { packet in
                    lengths.note(packet.bytes.byteCount)
                    return .pass
                }
                #expect(try send(2, through: rig) == Array(repeating: Array("another packet".utf8), count: 2))
                #expect(lengths.entries == [other.count, other.count])
            }
        }

        @Test("What one hook changes, the next one sees and may change again (R96)")
        func changedTwice() throws {
            try Rig.with { rig in
                for name in ["one", "two"] {
                    try register(name, at: rig) { packet in
                        let end = packet.bytes.byteCount
                        try? packet.edit { bytes in
                            let value = bytes.bytes.loadByte(at: end - 1)
                            bytes.storeBytes(of: value &* 2 &+ 1, toByteOffset: end - 1, as: UInt8.self)
                        }
                        return .pass
                    }
                }
                #expect(try send(4, through: rig) == [[3], [7], [11], [15]])
            }
        }

        @Test("A packet that was edited and then dropped doesn't arrive (R95)")
        func editedAndDropped() throws {
            try Rig.with { rig in
                try register("edit", at: rig) { packet in
                    let end = packet.bytes.byteCount
                    try? packet.edit { $0.storeBytes(of: 0, toByteOffset: end - 1, as: UInt8.self) }
                    return .pass
                }
                try register("drop", at: rig) { _ in .drop }
                #expect(try send(3, through: rig) == [])
            }
        }

        @Test("A name counts on each event by itself, and a hook may stand on several (R43)")
        func sameHookEverywhere() throws {
            try Rig.with { rig in
                for family in NetworkFamily.ip {
                    for event in NetworkEvent.physical {
                        try rig.register("same", on: event, of: family) { _ in .pass }
                    }
                }
                #expect(try send(5, through: rig).count == 5)
                #expect(rig.hits(on: .physicalIn, of: .inet) == ["same": 6])
                #expect(rig.hits(on: .physicalOut, of: .inet) == ["same": 0])
            }
        }

        @Test("Two packets are in the same hook at once (R85)")
        func concurrently() throws {
            try Rig.with(pumps: 2, configure: { $0.queues = 2 }) { rig in
                let addresses = try rig.left.addAddresses(16)
                let together = Barrier()
                try register("meet", at: rig) { _ in
                    together.pass(whenThereAre: 2)
                    return .pass
                }
                // The kernel spreads by the pair of addresses: enough of them reach both queues.
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                let senders = try addresses.map { try UDPSocket(on: rig.left, at: $0) }
                for sender in senders { try sender.send([0], to: receiver) }
                for _ in senders { #expect(try receiver.receive() != nil) }
                #expect(together.mostAtOnce == 2)
            }
        }
    }
}
