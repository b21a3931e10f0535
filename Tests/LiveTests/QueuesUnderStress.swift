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
    /// Full sockets and queues, cut packets, several queues: counted, never a stall.
    @Suite struct QueuesUnderStress {
        @Test("A full socket loses packets, which is counted, and the flow goes on (ENOBUFS)")
        func overrun() throws {
            try Rig.with(configure: { $0.receiveBuffer = 8192 }) { rig in
                let barrier = Barrier()
                try rig.register("slow", on: .physicalIn, of: .inet) { packet in
                    if packet.isUDP(to: Crossing.port) { barrier.pass() }
                    return .pass
                }
                let sender = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                for _ in 0..<500 { try sender.send([UInt8](repeating: 1, count: 500), to: receiver) }
                #expect(Deadline(.seconds(3)).sees { rig.totals.socketFullDrops > 0 })
                barrier.open()
                #expect(Deadline(.seconds(3)).sees { rig.totals.overruns > 0 && rig.totals.waiting == 0 })
                try expectFlow(from: sender, to: receiver)
            }
        }

        /// Whatever is sent from now on arrives, in order.
        private func expectFlow(from sender: UDPSocket, to receiver: UDPSocket) throws {
            while try receiver.socket.receiveNow() != nil {}
            for number: UInt8 in 0..<10 {
                try sender.send([number], to: receiver)
                #expect(try receiver.receive()?.bytes == [number])
            }
        }

        @Test(
            "A full queue drops, or with fail-open lets pass unseen what it has no room for", arguments: [false, true])
        func fullQueue(_ failOpen: Bool) throws {
            try Rig.with(configure: {
                $0.queueLength = 4
                $0.failOpen = failOpen
            }) { rig in
                let barrier = Barrier()
                let seen = Count()
                try rig.register("slow", on: .physicalIn, of: .inet) { packet in
                    guard packet.isUDP(to: Crossing.port) else { return .pass }
                    barrier.pass()
                    seen.raise()
                    return .pass
                }
                let sender = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                for number: UInt8 in 0..<50 { try sender.send([number], to: receiver) }
                var arrived = 0
                if failOpen {
                    // All but those that wait arrive while the hook is stuck.
                    while arrived < 46, try receiver.receive() != nil { arrived += 1 }
                    #expect(arrived == 46)
                    #expect(seen.current == 0)
                    // The kernel itself sends a packet or two, which find no room either.
                    #expect((46..<60).contains(rig.passedUnseen ?? 0))
                } else {
                    #expect(Deadline(.seconds(3)).sees { rig.totals.queueFullDrops == 46 })
                    #expect(try receiver.socket.receiveNow() == nil)
                }
                barrier.open()
                while arrived < (failOpen ? 50 : 4), try receiver.receive() != nil { arrived += 1 }
                #expect(arrived == (failOpen ? 50 : 4))
                #expect(seen.current == 4)
                let unseen = rig.passedUnseen
                #expect(failOpen || unseen == 0)
                try expectFlow(from: sender, to: receiver)
                #expect(rig.passedUnseen == unseen, "what was seen isn't unseen")
                // The rule goes with the hook, and what it counted stays known.
                try rig.unregister("slow", from: .physicalIn, of: .inet)
                #expect(rig.passedUnseen == unseen)
            }
        }

        @Test("The thread whose hook doesn't return stands still, and no other; all turn when it does")
        func standingStill() throws {
            try Rig.with { rig in
                let barrier = Barrier()
                try rig.register("stuck", on: .physicalIn, of: .inet) { packet in
                    if packet.isUDP(to: Crossing.port) { barrier.pass() }
                    return .pass
                }
                // Each question is about the time since the one before.
                func standsStill(_ isExpected: ([String]) -> Bool) -> Bool {
                    Deadline(.seconds(5)).sees {
                        usleep(20_000)
                        return isExpected(rig.provider.threadsStandingStill())
                    }
                }
                #expect(standsStill { $0.isEmpty })
                let sender = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                try sender.send([1], to: receiver)
                #expect(standsStill { $0.count == 1 && $0[0].hasPrefix("neti-pump-") })
                barrier.open()
                #expect(try receiver.receive()?.bytes == [1])
                #expect(standsStill { $0.isEmpty })
            }
        }

        @Test("Of a long packet only the first bytes are copied where asked; it passes whole, but can't be edited")
        func cut() throws {
            try Rig.with(configure: { $0.copyRange = 64 }) { rig in
                let seen = Log<String>()
                try rig.register("edit", on: .physicalIn, of: .inet) { packet in
                    guard packet.isUDP(to: Crossing.port) else { return .pass }
                    let facts = "\(packet.bytes.byteCount)/\(packet.metadata.length) cut \(packet.isCut)"
                    do throws(PacketEvent.EditError) {
                        try packet.edit { $0.storeBytes(of: 0x21, toByteOffset: 28, as: UInt8.self) }
                        seen.note("\(facts) edited")
                    } catch {
                        seen.note("\(facts) \(error)")
                    }
                    return .pass
                }
                let sender = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                var payload = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
                try sender.send(payload, to: receiver)
                #expect(try receiver.receive()?.bytes == payload)
                payload = Array(payload.prefix(36))
                try sender.send(payload, to: receiver)
                payload[0] = 0x21
                #expect(try receiver.receive()?.bytes == payload)
                #expect(seen.entries == ["64/1028 cut true cut", "64/64 cut false edited"])
            }
        }

        @Test("A cut packet may be replaced as a whole (R96)")
        func cutAndReplaced() throws {
            try Rig.with(configure: { $0.copyRange = 64 }) { rig in
                let other = try IPHeader(from: rig.left.inet, to: rig.right.inet)
                    .packet(.udp(from: 9, to: Crossing.port), payload: Array("whole".utf8))
                try rig.register("replace", on: .physicalIn, of: .inet) { packet in
                    if packet.isCut { unsafe try? packet.replace(with: other.span.bytes) }
                    return .pass
                }
                let sender = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                try sender.send([UInt8](repeating: 1, count: 1000), to: receiver)
                #expect(try receiver.receive()?.bytes == Array("whole".utf8))
            }
        }

        @Test("Flows spread over several queues and threads, each in its own order, and nothing is missing")
        func severalQueues() throws {
            try Rig.with(pumps: 2, configure: { $0.queues = 4 }) { rig in
                let lanes = Mutex<[IPAddress: Set<Int>]>([:])
                try rig.register("look", on: .physicalIn, of: .inet) { packet in
                    guard packet.isUDP(to: Crossing.port), let source = packet.datagram?.source else { return .pass }
                    let lane = packet.lane
                    lanes.withLock { _ = $0[source, default: []].insert(lane) }
                    return .pass
                }
                let senders = try rig.left.addAddresses(24).map { try UDPSocket(on: rig.left, at: $0) }
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                var next: [IPAddress: UInt8] = [:]
                for number: UInt8 in 0..<100 {
                    for sender in senders { try sender.send([number], to: receiver) }
                    // Never more on the way than everything has room for.
                    for _ in senders {
                        let received = try #require(try receiver.receive())
                        let source = try #require(received.from).address
                        #expect(received.bytes == [next[source, default: 0]])
                        next[source, default: 0] += 1
                    }
                }
                #expect(next.count == senders.count && next.values.allSatisfy { $0 == 100 })
                let queues = try #require(rig.provider.status(of: rig.instance)).queues
                #expect(queues.filter { $0.statistics.received > 0 }.count >= 3)
                let lanesOfFlows = lanes.withLock { $0 }
                #expect(lanesOfFlows.values.allSatisfy { $0.count == 1 }, "a flow stays on one thread")
                #expect(lanesOfFlows.values.reduce(into: Set<Int>()) { $0.formUnion($1) } == [0, 1])
            }
        }

        @Test("Packets whose interface goes down are lost; their late verdicts are counted, and the flow goes on")
        func interfaceDown() throws {
            try Rig.with { rig in
                let barrier = Barrier()
                try rig.register("slow", on: .physicalIn, of: .inet) { packet in
                    if packet.isUDP(to: Crossing.port) { barrier.pass() }
                    return .pass
                }
                let sender = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                for number: UInt8 in 0..<20 { try sender.send([number], to: receiver) }
                #expect(Deadline(.seconds(3)).sees { rig.totals.waiting == 20 })
                try rig.right.ip("link", "set", Host.interface, "down")
                #expect(Deadline(.seconds(3)).sees { rig.totals.waiting == 0 })
                barrier.open()
                #expect(Deadline(.seconds(3)).sees { rig.totals.expiredVerdicts > 0 })
                #expect(try receiver.socket.receiveNow() == nil)
                try rig.right.ip("link", "set", Host.interface, "up")
                // The kernel tells both ends a moment later that there is a carrier again.
                for host in [rig.left, rig.right] {
                    #expect(
                        try Deadline(.seconds(3)).sees { () throws(NetiError) in
                            try host.ip("link", "show", Host.interface).contains("state UP")
                        })
                }
                try expectFlow(from: sender, to: receiver)
            }
        }

        @Test("Mixed verdicts of one batch each reach their own packet")
        func mixedBatch() throws {
            try Rig.with { rig in
                let barrier = Barrier()
                try rig.register("mix", on: .physicalIn, of: .inet) { packet in
                    guard let number = packet.payload(ofUDPTo: Crossing.port)?.first else { return .pass }
                    barrier.pass()
                    switch number % 5 {
                    case 0: return .drop
                    case 1: packet.consume()
                    case 2:
                        let end = packet.bytes.byteCount
                        try? packet.edit { $0.storeBytes(of: number &+ 100, toByteOffset: end - 1, as: UInt8.self) }
                    case 3: packet.mark = 7
                    default: break
                    }
                    return .pass
                }
                let sender = try UDPSocket(on: rig.left, .inet)
                let receiver = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                // All wait while the first is held, so that they come as full batches.
                for number: UInt8 in 0..<130 { try sender.send([number], to: receiver) }
                #expect(Deadline(.seconds(3)).sees { rig.totals.waiting == 130 })
                barrier.open()
                var arrived: [UInt8] = []
                let expected = (0..<130).compactMap { (number: UInt8) -> UInt8? in
                    number % 5 < 2 ? nil : number % 5 == 2 ? number &+ 100 : number
                }
                while arrived.count < expected.count, let received = try receiver.receive() {
                    arrived += received.bytes
                }
                #expect(arrived == expected)
                try sender.send([4], to: receiver)
                #expect(try receiver.receive()?.bytes == [4])
            }
        }
    }
}
