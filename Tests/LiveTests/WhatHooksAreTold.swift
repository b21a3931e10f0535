// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hooks
import LiveHost
import Neti
import NetiLinux
import Packet
import Testing

extension RealPackets {
    /// Interfaces, flags and metadata of packet events, and that local traffic stays out (R90, R92).
    @Suite struct WhatHooksAreTold {
        private struct Told: Sendable, Equatable {
            var inInterface: UInt32
            var outInterface: UInt32
            var flags: UInt8
        }

        @Test("Inbound has an arrival interface, outbound a departure interface (R90)", arguments: Crossing.every(.udp))
        func interfaces(_ crossing: Crossing) throws {
            try Rig.with { rig in
                // Another index than the peer's, and than the first there is.
                try rig.right.ip("link", "add", "other0", "type", "veth", "peer", "name", "other1")
                let told = Log<Told>()
                try rig.register("look", on: crossing.event, of: crossing.family) { packet in
                    if crossing.payload(of: &packet) != nil { told.note(Self.told(packet)) }
                    return .pass
                }
                let talk = try Conversation(over: crossing, between: rig.hosts)
                try talk.send([1])
                #expect(try talk.receive(1) == [1])
                let index = try #require(rig.instance.interfaces.current.first { $0.name == Host.interface }?.index)
                let kernelIndex = try rig.right.run { unsafe if_nametoindex(Host.interface) }
                #expect(index == kernelIndex)
                #expect(
                    told.entries == [
                        crossing.event == .physicalIn
                            ? Told(inInterface: index, outInterface: 0, flags: 0)
                            : Told(inInterface: 0, outInterface: index, flags: 0)
                    ])
            }
        }

        private static func told(_ packet: borrowing PacketEvent) -> Told {
            Told(inInterface: packet.inInterface, outInterface: packet.outInterface, flags: packet.flags.rawValue)
        }

        /// A frame by its two destinations, and what the hook is told.
        struct Frame: Sendable, CustomTestStringConvertible {
            let linkLayer: [UInt8]?
            let network: String
            let flags: PacketFlags

            var testDescription: String {
                let address = linkLayer?.map { String($0, radix: 16) }.joined(separator: ":") ?? "own"
                return "\(network) in a frame to \(address)"
            }
        }

        private static let everybody = [UInt8](repeating: 0xFF, count: 6)

        static let frames: [Frame] = [
            Frame(linkLayer: nil, network: "192.0.2.2", flags: []),
            Frame(linkLayer: nil, network: "224.0.0.1", flags: []),
            Frame(linkLayer: nil, network: "192.0.2.255", flags: []),
            Frame(linkLayer: [0x01, 0x00, 0x5E, 0, 0, 1], network: "224.0.0.1", flags: .multicast),
            Frame(linkLayer: [0x01, 0x00, 0x5E, 0, 0, 1], network: "192.0.2.2", flags: .multicast),
            Frame(linkLayer: everybody, network: "192.0.2.255", flags: .broadcast),
            Frame(linkLayer: everybody, network: "192.0.2.2", flags: .broadcast),
            Frame(linkLayer: everybody, network: "224.0.0.1", flags: .broadcast),
            Frame(linkLayer: nil, network: "2001:db8::2", flags: []),
            Frame(linkLayer: nil, network: "ff02::1", flags: []),
            Frame(linkLayer: [0x33, 0x33, 0, 0, 0, 1], network: "ff02::1", flags: .multicast),
            Frame(linkLayer: [0x33, 0x33, 0, 0, 0, 1], network: "2001:db8::2", flags: .multicast),
            Frame(linkLayer: everybody, network: "2001:db8::2", flags: .broadcast),
        ]

        @Test("Flags tell the link-layer destination, whatever the network one (R89 to R91)", arguments: frames)
        func linkLayerFlags(_ frame: Frame) throws {
            try Rig.with { rig in
                let told = Log<PacketFlags>()
                let destination = try #require(IPAddress(frame.network))
                let family: NetworkFamily = destination.version == .v4 ? .inet : .inet6
                try rig.register("look", on: .physicalIn, of: family) { packet in
                    if packet.isUDP(to: Crossing.port) { told.note(packet.flags) }
                    return .pass
                }
                let packet = try IPHeader(from: rig.left.address(family), to: destination)
                    .packet(.udp(from: 1, to: Crossing.port), payload: [1, 2, 3])
                let cable = try CaptureSocket(on: rig.left)
                try cable.send(packet, to: frame.linkLayer ?? rig.right.linkLayer)
                #expect(Deadline(.seconds(3)).sees { !told.entries.isEmpty })
                #expect(told.entries == [frame.flags])
            }
        }

        @Test("Outbound multicasts and broadcasts have no flags", arguments: ["224.0.0.1", "192.0.2.255", "ff02::1"])
        func outboundFlags(_ network: String) throws {
            try Rig.with { rig in
                let destination = try #require(IPAddress(network))
                let family: NetworkFamily = destination.version == .v4 ? .inet : .inet6
                let told = Log<PacketFlags>()
                try rig.register("look", on: .physicalOut, of: family) { packet in
                    if packet.isUDP(to: Crossing.port) { told.note(packet.flags) }
                    return .pass
                }
                try rig.right.ip(family == .inet ? "-4" : "-6", "route", "add", "\(network)/32", "dev", Host.interface)
                let sender = try UDPSocket(on: rig.right, family)
                try sender.socket.send([1], to: SocketAddress(destination, port: Crossing.port))
                #expect(Deadline(.seconds(3)).sees { !told.entries.isEmpty })
                // More than one: the kernel makes a copy for its own host, which passes as well.
                #expect(told.entries.allSatisfy { $0.isEmpty })
            }
        }

        @Test("Traffic of a host with itself passes no physical event (R92)", arguments: NetworkFamily.ip)
        func loopback(_ family: NetworkFamily) throws {
            try Rig.with { rig in
                let seen = Count()
                for event in NetworkEvent.physical {
                    try rig.register("look", on: event, of: family) { packet in
                        if packet.datagram?.protocol == .udp { seen.raise() }
                        return .pass
                    }
                }
                let one = try UDPSocket(on: rig.right, family)
                let other = try UDPSocket(on: rig.right, family)
                for number in 0..<20 {
                    try one.send([UInt8(number)], to: other)
                    #expect(try other.receive()?.bytes == [UInt8(number)])
                }
                // A packet from outside shows that the hook would have seen them.
                let outside = try UDPSocket(on: rig.left, family)
                try outside.send([99], to: other)
                #expect(try other.receive()?.bytes == [99])
                #expect(seen.current == 1)
            }
        }

        @Test("A mark set by a hook is on the packet for later rules", arguments: Crossing.every(.udp))
        func mark(_ crossing: Crossing) throws {
            // By default the outbound event is the last of all, where no rule could see what it did.
            try Rig.with(configure: { $0.priorityOut = 0 }) { rig in
                let nft = crossing.family == .inet ? "ip" : "ip6"
                let hook = crossing.event == .physicalIn ? "input" : "postrouting"
                try rig.right.loadRules(
                    """
                    table \(nft) watch { chain c { type filter hook \(hook) priority 10; meta mark 0x2a counter; }; }
                    """)
                try rig.register("mark", on: crossing.event, of: crossing.family) { packet in
                    if crossing.payload(of: &packet) != nil {
                        #expect(packet.mark == 0)
                        packet.mark = 0x2A
                    }
                    return .pass
                }
                try rig.register("look", on: crossing.event, of: crossing.family) { packet in
                    if crossing.payload(of: &packet) != nil { #expect(packet.mark == 0x2A) }
                    return .pass
                }
                let talk = try Conversation(over: crossing, between: rig.hosts)
                try talk.send([1])
                #expect(try talk.receive(1) == [1])
                let listing = try rig.right.execute("nft", "list", "table", nft, "watch")
                #expect(listing.contains("packets 1 "), "\(listing)")
            }
        }

        @Test("A packet tells the user and group of the sending socket where asked", arguments: [true, false])
        func owner(_ isAsked: Bool) throws {
            try Rig.with(configure: { $0.uidGid = isAsked }) { rig in
                let owners = Log<String>()
                for event in NetworkEvent.physical {
                    try rig.register("look", on: event, of: .inet) { packet in
                        if packet.isUDP(to: Crossing.port) {
                            let (uid, gid) = (packet.metadata.uid, packet.metadata.gid)
                            owners.note("\(event) \(uid.map(String.init) ?? "-") \(gid.map(String.init) ?? "-")")
                        }
                        return .pass
                    }
                }
                let left = try UDPSocket(on: rig.left, .inet, port: Crossing.port)
                let right = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                try left.send([1], to: right)
                #expect(try right.receive()?.bytes == [1])
                try rig.right.execute(
                    "setpriv", "--reuid", "1234", "--regid", "5678", "--clear-groups", "bash", "-c",
                    "printf hello >/dev/udp/192.0.2.1/\(Crossing.port)")
                #expect(try left.receive()?.bytes == Array("hello".utf8))
                #expect(owners.entries == ["PHYSICAL_IN - -", isAsked ? "PHYSICAL_OUT 1234 5678" : "PHYSICAL_OUT - -"])
            }
        }

        @Test("An inbound packet tells its sender's link-layer address and, where asked, when it arrived")
        func sourceAndTime() throws {
            try Rig.with(configure: { $0.timestamps = true }) { rig in
                let told = Log<(source: UInt64, length: UInt8, arrival: UInt64)>()
                for event in NetworkEvent.physical {
                    try rig.register("look", on: event, of: .inet) { packet in
                        if packet.isUDP(to: Crossing.port) {
                            let metadata = packet.metadata
                            told.note((metadata.linkLayerSource, metadata.linkLayerSourceLength, metadata.arrival))
                        }
                        return .pass
                    }
                }
                let left = try UDPSocket(on: rig.left, .inet, port: Crossing.port)
                let right = try UDPSocket(on: rig.right, .inet, port: Crossing.port)
                // The kernel begins to stamp packets a moment after it was asked to.
                var before: UInt64 = 0
                let isStamped = Deadline(.seconds(3)).sees {
                    before = Self.now
                    try? left.send([1], to: right)
                    _ = try? right.receive()
                    return told.entries.last.map { $0.arrival > 0 } ?? false
                }
                let after = Self.now
                #expect(isStamped)
                let inbound = try #require(told.entries.last)
                try right.send([2], to: left)
                #expect(try left.receive()?.bytes == [2])
                let outbound = try #require(told.entries.last)
                let source = rig.left.linkLayer.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } << 16
                #expect(inbound.source == source)
                #expect(inbound.length == 6)
                #expect(inbound.arrival / 1000 >= before / 1000 && inbound.arrival <= after)
                #expect(outbound.length == 0 && outbound.source == 0 && outbound.arrival == 0)
            }
        }

        /// Nanoseconds since 1970.
        private static var now: UInt64 {
            var time = timespec()
            unsafe clock_gettime(CLOCK_REALTIME, &time)
            return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        }
    }
}
