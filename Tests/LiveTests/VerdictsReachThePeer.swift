// SPDX-License-Identifier: Apache-2.0

import Hooks
import LiveHost
import Neti
import Packet
import Testing

extension RealPackets {
    /// The peers see exactly what the verdicts say, for every transport, family and direction.
    @Suite struct VerdictsReachThePeer {
        private let first = Array("the first payload, of odd length".utf8) + [0xFF]
        private let second = Array("the second payload".utf8)

        @Test("A packet that every hook passes arrives as it was sent (R81, R96)", arguments: Crossing.all)
        func passing(_ crossing: Crossing) throws {
            try Rig.with { rig in
                let seen = Count()
                try rig.register("look", on: crossing.event, of: crossing.family) { packet in
                    if crossing.payload(of: &packet) != nil { seen.raise() }
                    return .pass
                }
                let talk = try Conversation(over: crossing, between: rig.hosts)
                try talk.send(first)
                #expect(try talk.receive(first.count) == first)
                try talk.send(second)
                #expect(try talk.receive(second.count) == second)
                #expect(seen.current == 2)
                #expect(rig.totals.edited == 0)
            }
        }

        @Test("A packet that a hook drops never arrives; the next one does (R84, R95)", arguments: Crossing.all)
        func dropping(_ crossing: Crossing) throws {
            try stopFirst(of: crossing) { _ in .drop }
        }

        @Test("A packet that a hook consumes never arrives; the next one does (R97)", arguments: Crossing.all)
        func consuming(_ crossing: Crossing) throws {
            try stopFirst(of: crossing) { packet in
                packet.consume()
                return .pass
            }
        }

        /// Stops the first packet with a payload. TCP sends it again, so that nothing is missing in a stream.
        private func stopFirst(
            of crossing: Crossing, by stop: @escaping @Sendable (inout PacketEvent) -> HookResult
        ) throws {
            try Rig.with { rig in
                let seen = Count()
                try rig.register("stop", on: crossing.event, of: crossing.family) { packet in
                    guard crossing.payload(of: &packet) != nil else { return .pass }
                    return seen.raise() == 1 ? stop(&packet) : .pass
                }
                let talk = try Conversation(over: crossing, between: rig.hosts)
                try talk.send(first)
                try talk.send(second)
                if crossing.transport == .tcp {
                    #expect(try talk.receive(first.count + second.count) == first + second)
                    #expect(seen.current >= 2)
                } else {
                    #expect(try talk.receive(second.count) == second)
                    #expect(seen.current == 2)
                }
            }
        }

        @Test("Bytes changed in place arrive changed, with right checksums (R96)", arguments: Crossing.all)
        func changing(_ crossing: Crossing) throws {
            try Rig.with { rig in
                try rig.register("change", on: crossing.event, of: crossing.family) { packet in
                    if let payload = crossing.payload(of: &packet) { try? packet.flip(payload) }
                    return .pass
                }
                let wire = try CaptureSocket(on: rig.left)
                let talk = try Conversation(over: crossing, between: rig.hosts)
                try talk.send(first)
                #expect(try talk.receive(first.count) == first.map(PacketEvent.flipped))
                #expect(Deadline(.seconds(3)).sees { rig.totals.edited == 1 })
                for host in [rig.left, rig.right] { #expect(try ChecksumErrors(of: host) == ChecksumErrors()) }
                if crossing.event == .physicalOut {
                    let expected = first.map(PacketEvent.flipped)
                    let frame = try wire.frame {
                        !$0.isOutgoing && $0.bytes.suffix(expected.count).elementsEqual(expected)
                    }
                    #expect(try #require(frame).hasRightChecksums)
                }
            }
        }

        @Test(
            "A hook that writes checksums itself answers for them; only postponed ones are filled in (R102)",
            arguments: Crossing.every(.udp), [true, false])
        func spoiltChecksums(_ crossing: Crossing, _ isPostponed: Bool) throws {
            try Rig.with { rig in
                for host in [rig.left, rig.right] { try host.set(.checksums, isPostponed) }
                let seen = Count()
                try rig.register("spoil", on: crossing.event, of: crossing.family) { packet in
                    guard let payload = crossing.payload(of: &packet), seen.raise() == 1 else { return .pass }
                    #expect(packet.metadata.isChecksumPostponed == isPostponed)
                    try? packet.edit(checksums: .asWritten) { bytes in
                        let place = payload.lowerBound - 2
                        let checksum = bytes.bytes.loadByte(at: place)
                        bytes.storeBytes(of: ~checksum, toByteOffset: place, as: UInt8.self)
                    }
                    return .pass
                }
                let talk = try Conversation(over: crossing, between: rig.hosts)
                try talk.send(first)
                try talk.send(second)
                #expect(try talk.receive(second.count) == (isPostponed ? first : second))
                let receiver = crossing.event == .physicalIn ? rig.right : rig.left
                #expect(try ChecksumErrors(of: receiver).udp == (isPostponed ? 0 : 1))
            }
        }

        @Test(
            "Datagrams grow and shrink, lengths and checksums right (R96)", arguments: Crossing.every(.udp),
            [0, 1, 700])
        func resizing(_ crossing: Crossing, _ size: Int) throws {
            try Rig.with { rig in
                try rig.register("resize", on: crossing.event, of: crossing.family) { packet in
                    if let payload = crossing.payload(of: &packet) {
                        try? packet.resizeDatagram(payload, to: size, filling: 0x6E)
                    }
                    return .pass
                }
                let talk = try Conversation(over: crossing, between: rig.hosts)
                try talk.send(first)
                let arrived = try #require(try talk.receive(size))
                let kept = first.prefix(size)
                #expect(arrived == Array(kept) + [UInt8](repeating: 0x6E, count: size - kept.count))
                for host in [rig.left, rig.right] { #expect(try ChecksumErrors(of: host) == ChecksumErrors()) }
            }
        }

        @Test("A rewritten destination port decides who receives (R99)", arguments: Crossing.every(.udp))
        func rewritingPort(_ crossing: Crossing) throws {
            try Rig.with { rig in
                try rig.register("rewrite", on: crossing.event, of: crossing.family) { packet in
                    guard let payload = crossing.payload(of: &packet) else { return .pass }
                    let port = payload.lowerBound - UDP.headerLength + 2
                    try? packet.edit { bytes in
                        bytes.storeBytes(of: (Crossing.port + 1).bigEndian, toByteOffset: port, as: UInt16.self)
                    }
                    return .pass
                }
                let (from, to) = crossing.event == .physicalIn ? (rig.left, rig.right) : (rig.right, rig.left)
                let sender = try UDPSocket(on: from, crossing.family)
                let addressed = try UDPSocket(on: to, crossing.family, port: Crossing.port)
                let reached = try UDPSocket(on: to, crossing.family, port: Crossing.port + 1)
                try sender.send(first, to: addressed)
                #expect(try reached.receive()?.bytes == first)
                #expect(try addressed.socket.receiveNow() == nil)
            }
        }

        @Test(
            "A connection works through a hook that rewrites ports both ways (R99)", arguments: NetworkFamily.ip)
        func translatingConnection(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let (shown, real) = (Crossing.port, Crossing.port + 1)
                try rig.register("there", on: .physicalIn, of: family) { packet in
                    try? packet.rewriteTCPPort(at: 2, from: shown, to: real)
                    return .pass
                }
                try rig.register("back", on: .physicalOut, of: family) { packet in
                    try? packet.rewriteTCPPort(at: 0, from: real, to: shown)
                    return .pass
                }
                let listener = try TCPListener(on: rig.right, family, port: real)
                let client = try TCPConnection(
                    from: rig.left, to: SocketAddress(rig.right.address(family), port: shown))
                let server = try #require(try listener.accept())
                #expect(client.isConnected())
                let payload = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                #expect(try client.carry(payload, to: server) == payload)
                #expect(try server.carry(payload, to: client) == payload)
                for host in [rig.left, rig.right] { #expect(try ChecksumErrors(of: host) == ChecksumErrors()) }
            }
        }

        @Test("A changed time to live is what the receiver sees", arguments: Crossing.every(.udp))
        func changingHopLimit(_ crossing: Crossing) throws {
            try Rig.with { rig in
                try rig.register("age", on: crossing.event, of: crossing.family) { packet in
                    guard crossing.payload(of: &packet) != nil else { return .pass }
                    try? packet.edit { bytes in
                        bytes.storeBytes(of: 7, toByteOffset: crossing.family == .inet ? 8 : 7, as: UInt8.self)
                    }
                    return .pass
                }
                let (from, to) = crossing.event == .physicalIn ? (rig.left, rig.right) : (rig.right, rig.left)
                let sender = try UDPSocket(on: from, crossing.family)
                let receiver = try UDPSocket(on: to, crossing.family, port: Crossing.port)
                try sender.send(first, to: receiver)
                let received = try #require(try receiver.receive())
                #expect(received.hopLimit == 7)
                #expect(received.bytes == first)
            }
        }
    }
}
