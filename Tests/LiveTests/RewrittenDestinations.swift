// SPDX-License-Identifier: Apache-2.0

import Hooks
import LiveHost
import Neti
import NetiLinux
import Packet
import Testing

extension RealPackets {
    /// Where a packet goes whose destination a hook rewrote (R99 to R101), and where Linux differs.
    @Suite struct RewrittenDestinations {
        @Test(
            "A destination rewritten at PHYSICAL_IN is routed as rewritten (R99)", arguments: NetworkFamily.ip)
        func rewrittenBeforeRouting(_ family: NetworkFamily) throws {
            try RouterRig.with { rig in
                let right = rig.hosts.right.address(family)
                try rig.register("rewrite", on: .physicalIn, of: family) { packet in
                    guard packet.isUDP(to: Passage.port) else { return .pass }
                    try? packet.rewriteDestination(right)
                    return .pass
                }
                let sender = try UDPSocket(on: rig.hosts.left, family)
                let receiver = try UDPSocket(on: rig.hosts.right, family, port: Passage.port)
                try sender.socket.send([4], to: SocketAddress(rig.hosts.router.address(family), port: Passage.port))
                #expect(try receiver.receive()?.bytes == [4])
            }
        }

        @Test("A packet whose destination becomes 0.0.0.0 before routing goes nowhere (R99)")
        func rewrittenToNothing() throws {
            try RouterRig.with { rig in
                let seen = Count()
                try rig.register("rewrite", on: .physicalIn, of: .inet) { packet in
                    guard packet.isUDP(to: Passage.port), seen.raise() == 1 else { return .pass }
                    try? packet.rewriteDestination(IPAddress(v4: 0))
                    return .pass
                }
                let sender = try UDPSocket(on: rig.hosts.left, .inet)
                let anybody = try UDPSocket(on: rig.hosts.router, at: IPAddress(v4: 0), port: Passage.port)
                let router = SocketAddress(rig.hosts.router.inet, port: Passage.port)
                for number in UInt8(1)...2 { try sender.socket.send([number], to: router) }
                #expect(try anybody.receive()?.bytes == [2])
                #expect(seen.current == 2)
            }
        }

        @Test(
            "A destination rewritten after routing leaves by the interface and gateway chosen before (R100, R101)",
            arguments: NetworkFamily.ip, [NetworkEvent.forwarding, .physicalOut])
        func rewrittenAfterRouting(_ family: NetworkFamily, _ event: NetworkEvent) throws {
            try rewriteAfterRouting(family, event) { router, shown, _, right in
                try router.ip(
                    family == .inet ? "-4" : "-6", "route", "add", "\(shown)", "via", "\(right.address(family))")
            }
        }

        @Test(
            "Without a gateway, Linux sends it to the link-layer address of the new destination, unlike R100 and R101",
            arguments: NetworkFamily.ip, [NetworkEvent.forwarding, .physicalOut])
        func rewrittenOnLink(_ family: NetworkFamily, _ event: NetworkEvent) throws {
            try rewriteAfterRouting(family, event) { router, shown, elsewhere, right in
                let device = RoutedHosts.rightInterface
                try router.ip(family == .inet ? "-4" : "-6", "route", "add", "\(shown)", "dev", device)
                let address = right.linkLayer.map { "0\($0)" }.joined(separator: ":")
                try router.ip("neighbour", "add", "\(elsewhere)", "lladdr", address, "dev", device, "nud", "permanent")
            }
        }

        /// Sends to an address to which the router gets a route, rewrites it to one to which there is none, and expects it
        /// on the right all the same.
        private func rewriteAfterRouting(
            _ family: NetworkFamily, _ event: NetworkEvent,
            route: (_ router: Host, _ shown: IPAddress, _ elsewhere: IPAddress, _ right: Host) throws -> Void
        ) throws {
            try RouterRig.with { rig in
                let shown = try #require(IPAddress(family == .inet ? "203.0.113.7" : "2001:db8:9::7"))
                let elsewhere = try #require(IPAddress(family == .inet ? "203.0.113.9" : "2001:db8:9::9"))
                try route(rig.hosts.router, shown, elsewhere, rig.hosts.right)
                try rig.register("rewrite", on: event, of: family) { packet in
                    guard packet.isUDP(to: Passage.port) else { return .pass }
                    try? packet.rewriteDestination(elsewhere)
                    return .pass
                }
                let cable = try CaptureSocket(on: rig.hosts.right)
                let sender = try UDPSocket(on: rig.hosts.left, family)
                try sender.socket.send([1, 2, 3, 4], to: SocketAddress(shown, port: Passage.port))
                let frame = try cable.frame { frame in
                    guard let datagram = try? unsafe Datagram(parsing: frame.bytes.span.bytes) else { return false }
                    return datagram.destination == elsewhere && datagram.protocol == .udp
                }
                #expect(try #require(frame).hasRightChecksums)
            }
        }

        @Test(
            "Linux routes a packet again whose destination a LOOPBACK_OUT hook rewrote, unlike R100",
            arguments: NetworkFamily.ip)
        func rewrittenLocalDestination(_ family: NetworkFamily) throws {
            try RouterRig.with { rig in
                let right = rig.hosts.right.address(family)
                try rig.register("rewrite", on: .loopbackOut, of: family) { packet in
                    guard packet.isUDP(to: Passage.port) else { return .pass }
                    try? packet.rewriteDestination(right)
                    return .pass
                }
                let out = Count()
                try rig.register("look", on: .physicalOut, of: family) { packet in
                    if packet.isUDP(to: Passage.port) { out.raise() }
                    return .pass
                }
                let sender = try UDPSocket(on: rig.hosts.router, family)
                let receiver = try UDPSocket(on: rig.hosts.right, family, port: Passage.port)
                try sender.socket.send([5], to: SocketAddress(rig.hosts.router.address(family), port: Passage.port))
                #expect(try receiver.receive()?.bytes == [5])
                #expect(out.current == 1)
            }
        }

        @Test(
            "A destination rewritten at LOOPBACK_IN to another address of the host: the packet stays (R100)",
            arguments: NetworkFamily.ip)
        func rewrittenAtTheEnd(_ family: NetworkFamily) throws {
            try RouterRig.with { rig in
                let here = try #require(IPAddress(family == .inet ? "127.0.0.1" : "::1"))
                try rig.register("rewrite", on: .loopbackIn, of: family) { packet in
                    guard packet.isUDP(to: Passage.port) else { return .pass }
                    try? packet.rewriteDestination(here)
                    return .pass
                }
                let sender = try UDPSocket(on: rig.hosts.router, family)
                let receiver = try UDPSocket(on: rig.hosts.router, at: here, port: Passage.port)
                try sender.socket.send([6], to: SocketAddress(rig.hosts.router.address(family), port: Passage.port))
                #expect(try receiver.receive()?.bytes == [6])
            }
        }
    }
}

extension PacketEvent {
    /// Puts another destination into the IP header.
    mutating func rewriteDestination(_ address: IPAddress) throws(EditError) {
        try edit { bytes in
            switch address.version {
            case .v4: bytes.storeBytes(of: address.v4.bigEndian, toByteOffset: 16, as: UInt32.self)
            case .v6:
                bytes.storeBytes(of: address.high.bigEndian, toByteOffset: 24, as: UInt64.self)
                bytes.storeBytes(of: address.low.bigEndian, toByteOffset: 32, as: UInt64.self)
            }
        }
    }
}
